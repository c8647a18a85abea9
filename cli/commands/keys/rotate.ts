/** keys rotate: another key in place of the one in use. */
import type { Command } from 'commander';
import { rotate } from '../../../signing/key-folder.js';
import { KEYS_OPTION, keysFolder, type KeysOptions } from '../../keys-option.js';
import { printJson } from '../../output.js';
import { withHome } from '../../session.js';

export function registerRotate(parent: Command): void {
  withHome(parent.command('rotate'))
    .description(
      'sign with a new key from now on; the private half of the old one is destroyed, what it signed stays good; workers that run go on with the old one until they are started again', // prettier-ignore
    )
    .option(...KEYS_OPTION)
    .option('--json', 'print JSON')
    .action((options: KeysOptions & { readonly json?: boolean }) => {
      const { before, after } = rotate(keysFolder(options));
      if (options.json) printJson('keys-rotate', { before: before.keyid, after: after.keyid });
      else process.stdout.write(`${after.keyid} signs from now on, in place of ${before.keyid}\nIn stores that it signed in, say so: habsburg keys revoke ${before.keyid} --reason replaced --store STORE\n`); // prettier-ignore
    });
}
