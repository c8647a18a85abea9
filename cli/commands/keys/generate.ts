/** keys generate: a signing key, in the folder of this place or in a file of its own. */
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { HabsburgError, fromSystemError } from '../../../common/errors.js';
import { pemOf, signerOf } from '../../../signing/envelope.js';
import { keyInUse } from '../../../signing/key-folder.js';
import { KEYS_OPTION, keysFolder, type KeysOptions } from '../../keys-option.js';
import { printJson } from '../../output.js';
import { withHome } from '../../session.js';

interface Options extends KeysOptions {
  readonly out?: string;
  readonly json?: boolean;
}

export function registerGenerate(parent: Command): void {
  withHome(parent.command('generate'))
    .description('make the key that this place signs with, where it has none; with --out one for workers elsewhere')
    .option(
      '--out <file>',
      'write a private key to this file (0600) in place of the folder; HABSBURG_SIGNING_KEY names it to workers',
    )
    .option(...KEYS_OPTION)
    .option('--json', 'print JSON')
    .action(execute);
}

function execute(options: Options): void {
  const { out } = options;
  const key = out === undefined ? keyInUse(keysFolder(options)) : intoFile(out);
  const { keyid, publicKey } = signerOf(key);
  const pem = pemOf(publicKey);
  const place = out ?? keysFolder(options);
  if (options.json) printJson('keys-generate', { keyid, publicKey: pem, place });
  else process.stdout.write(`${keyid}\n${pem}in ${place}\n`);
}

function intoFile(file: string) {
  const { privateKey } = generateKeyPairSync('ed25519');
  try {
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new HabsburgError('invalid', `${file} is there already, and may be the only copy of a key; name another with --out`);
    throw fromSystemError(error, `writing ${file}`);
  }
  return privateKey;
}
