/** keys revoke: states in a store, and in its log, that a key is believed no more. */
import { Option, type Command } from 'commander';
import { appendLog, readLog } from '../../../artifacts/log.js';
import { openArtifactStore } from '../../../artifacts/open.js';
import { REASONS, revoke, type RevocationReason } from '../../../artifacts/revocation.js';
import { signingKey } from '../../../artifacts/signing-keys.js';
import { HabsburgError } from '../../../common/errors.js';
import { openSigner } from '../../../signing/signer.js';
import { KEYS_OPTION, keysFolder, type KeysOptions } from '../../keys-option.js';
import { printJson } from '../../output.js';
import { withHome } from '../../session.js';
import { STORE_OPTION, resolveStoreUrl } from '../../store-option.js';

interface Options extends KeysOptions {
  readonly store?: string;
  readonly json?: boolean;
  readonly reason: RevocationReason;
}

export function registerRevoke(parent: Command): void {
  withHome(parent.command('revoke'))
    .description(
      'state in a store that a key is believed no more; what stood in its log before stays good where the key was only replaced',
    )
    .argument('<keyid>', '64 hex digits, as habsburg keys list shows them')
    .addOption(
      new Option('--reason <why>', 'replaced; or compromised: somebody else may have it').choices(REASONS).makeOptionMandatory(),
    )
    .option(...KEYS_OPTION)
    .option(...STORE_OPTION)
    .option('--json', 'print JSON')
    .action(execute);
}

async function execute(keyid: string, options: Options): Promise<void> {
  const store = openArtifactStore(resolveStoreUrl(options.store));
  if (!(await signingKey(store, keyid)))
    throw new HabsburgError('notFound', `nothing in ${store.objects.url} is signed by a key ${keyid}; habsburg keys list shows those that are there`); // prettier-ignore
  const signer = openSigner(keysFolder(options));
  const statement = await revoke(store, keyid, options.reason, signer);
  await appendLog(store, signer);
  const size = (await readLog(store)).heads.at(-1)!.size;
  if (options.json) printJson('keys-revoke', { keyid, reason: options.reason, by: signer.keyid, statement, logSize: size });
  else process.stdout.write(`${keyid} is given up as ${options.reason}, says ${signer.keyid}; entry ${size} of the log.\n${options.reason === 'compromised' ? 'What it signed is doubted unless a head of the log from before was kept elsewhere: habsburg lineage verify --head FILE\n' : ''}`); // prettier-ignore
}
