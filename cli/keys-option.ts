/** Where the keys of this place are, for every command alike: --keys, else `keys` in the folder of the embedded server. */
import { join, resolve } from 'node:path';
import { homeOf, type SessionOptions } from './session.js';

/** Text for `--help`. */
export const KEYS_OPTION = [
  '--keys <dir>',
  'folder of the signing key, made at the first need (default: keys in --home, else .habsburg/keys); HABSBURG_SIGNING_KEY or HABSBURG_SIGNING_COMMAND sign instead where they are set',
] as const;

export interface KeysOptions extends SessionOptions {
  readonly keys?: string;
}

export const keysFolder = (options: KeysOptions): string =>
  options.keys === undefined ? join(homeOf(options), 'keys') : resolve(options.keys);
