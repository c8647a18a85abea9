/** Where the artifact store is, for every command alike: --store, else HABSBURG_STORE, else .habsburg/store in the current folder. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Text for `--help`. */
export const STORE_OPTION = [
  '--store <url>',
  'artifact store: a folder or s3://bucket/prefix (default: $HABSBURG_STORE, else .habsburg/store)',
] as const;

/** @param option the value of --store, where it was given */
export function resolveStoreUrl(option?: string, env: NodeJS.ProcessEnv = process.env, cwd = process.cwd()): string {
  return option ?? (env.HABSBURG_STORE || pathToFileURL(join(cwd, '.habsburg', 'store')).href);
}
