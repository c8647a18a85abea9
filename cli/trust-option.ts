/** Who is trusted, for every command alike: --trust, else HABSBURG_TRUST, else the keys of this place. */
import { readFile } from 'node:fs/promises';
import { fromSystemError, isHabsburgError } from '../common/errors.js';
import { listKeys } from '../signing/key-folder.js';
import { openSigner } from '../signing/signer.js';
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
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      throw fromSystemError(error, `reading the trust policy ${file}`);
    });
    return parseTrust(text, file);
  }
  const folder = keysFolder(options);
  const given = env.HABSBURG_SIGNING_KEY || env.HABSBURG_SIGNING_COMMAND ? [openSigner(folder, env).keyid] : [];
  return trusting([...given, ...ownKeys(folder)], `this place (${folder})`);
}

/** Of a place that has never signed anything, none. */
export function ownKeys(folder: string): string[] {
  try {
    return listKeys(folder).map(({ keyid }) => keyid);
  } catch (error) {
    if (isHabsburgError(error) && error.kind === 'notFound') return [];
    throw error;
  }
}
