/** keys policy: a trust policy of the keys of this place, to be given to whoever verifies elsewhere. */
import type { Command } from 'commander';
import { pemOf } from '../../../signing/envelope.js';
import { listKeys, keyInUse } from '../../../signing/key-folder.js';
import { openSigner, signsByEnvironment } from '../../../signing/signer.js';
import { policyText } from '../../../signing/trust.js';
import { KEYS_OPTION, keysFolder, type KeysOptions } from '../../keys-option.js';
import { withHome } from '../../session.js';

interface Options extends KeysOptions {
  readonly name?: string;
}

export function registerPolicy(parent: Command): void {
  withHome(parent.command('policy'))
    .description(
      'print a trust policy of the keys of this place: for lineage verify --trust elsewhere, over a way that is trusted',
    )
    .option('--name <who>', 'whose they are')
    .option(...KEYS_OPTION)
    .action((options: Options) => {
      process.stdout.write(policyText(keysOf(options), options.name));
    });
}

function keysOf(options: Options): { readonly keyid: string; readonly publicKey: string }[] {
  const folder = keysFolder(options);
  if (signsByEnvironment()) {
    const { keyid, publicKey } = openSigner(folder);
    return [{ keyid, publicKey: pemOf(publicKey) }];
  }
  keyInUse(folder); // made where there is none
  return listKeys(folder);
}
