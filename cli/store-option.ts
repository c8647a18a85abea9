/** Where the artifact store is, for every command alike: --store, else HABSBURG_STORE, else .habsburg/store in the current folder. */
import { join } from 'node:path';
import { canonicalStoreUrl } from '../artifacts/store-url.js';

/** Text for `--help`. */
export const STORE_OPTION = [
  '--store <url>',
  'artifact store: a folder or s3://bucket/prefix (default: $HABSBURG_STORE, else .habsburg/store)',
] as const;

/** Text for `--help` of `--plan <digest>`, where a name may have several. */
export const PLAN_HELP = 'another plan that was run under this name, by the first digits of its digest (default: the newest)';

/**
 * The store in its one spelling, whatever folder a worker is in.
 * @param option the value of --store, where it was given
 * @throws 'invalid' for what names no store, before any of it is printed or sent
 */
export function resolveStoreUrl(option?: string, env: NodeJS.ProcessEnv = process.env, cwd = process.cwd()): string {
  return canonicalStoreUrl(option ?? (env.HABSBURG_STORE || join('.habsburg', 'store')), cwd);
}
