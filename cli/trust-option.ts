/** Who is trusted, for every command alike: --trust, else HABSBURG_TRUST, else the keys of this place. */
import { isHabsburgError } from '../common/errors.js';
import { readTextFile } from '../common/text-file.js';
import { listKeys, type KeyFacts } from '../signing/key-folder.js';
import { openSigner, signsByEnvironment } from '../signing/signer.js';
import { parseTrust, trusting, type TrustPolicy } from '../signing/trust.js';
import { keysFolder, type KeysOptions } from './keys-option.js';

/** Text for `--help`. */
export const TRUST_OPTION = [
  '--trust <file>',
  'who may sign what: a trust policy, as habsburg keys policy prints one (default: $HABSBURG_TRUST, else the keys of this place)',
] as const;

export interface TrustOptions extends KeysOptions {
  readonly trust?: string;
}

export async function trustOf(options: TrustOptions, env: NodeJS.ProcessEnv = process.env): Promise<TrustPolicy> {
  const file = options.trust ?? (env.HABSBURG_TRUST || undefined);
  if (file !== undefined) {
    return parseTrust(await readTextFile(file), file);
  }
  const folder = keysFolder(options);
  const given = signsByEnvironment(env) ? [openSigner(folder, env).keyid] : [];
  return trusting([...given, ...ownKeys(folder).map(({ keyid }) => keyid)], `this place (${folder})`);
}

/** Of a place that has never signed anything, none. */
export function ownKeys(folder: string): KeyFacts[] {
  try {
    return listKeys(folder);
  } catch (error) {
    if (isHabsburgError(error) && error.kind === 'notFound') return [];
    throw error;
  }
}
