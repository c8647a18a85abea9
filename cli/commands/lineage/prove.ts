/** lineage prove: that a record is in a dataset, or that a text is not. */
import type { Command } from 'commander';
import { HabsburgError } from '../../../common/errors.js';
import { proveRecord, proveText } from '../../../lineage/proof.js';
import { TARGET, oneTarget } from '../../../lineage/target.js';
import { appendLog } from '../../../artifacts/log.js';
import { openSigner } from '../../../signing/signer.js';
import { KEYS_OPTION, keysFolder } from '../../keys-option.js';
import { untilInterrupted } from '../../interrupt.js';
import { STORE_OPTION } from '../../store-option.js';
import { openLineage, readSecret, type LineageOptions } from './support.js';

interface Options extends LineageOptions {
  readonly record?: string;
  readonly text?: string;
  readonly key?: string;
  readonly keys?: string;
}

export function registerProve(parent: Command): void {
  parent
    .command('prove')
    .description(
      'prove that a record is in a dataset, or that a text is or is not the text of one; prints a proof that anyone checks without the dataset',
    ) // prettier-ignore
    .argument('<dataset>', TARGET)
    .option('--record <id>', 'a record by its id (train/000012)')
    .option('--text <text>', 'a text: in the dataset, or absent from it')
    .option('--key <file>', 'with --text, of private texts: a file with a secret of 32 bytes or more; keep it')
    .option('--quiet', 'no progress')
    .option(...KEYS_OPTION)
    .option(...STORE_OPTION)
    .addHelpText('after', '\nExample:\n  habsburg lineage prove 89e3c0508d18 --record train/000012 > proof.json')
    .action((dataset: string, options: Options) => untilInterrupted((signal) => execute(dataset, options, signal)));
}

async function execute(what: string, options: Options, signal: AbortSignal): Promise<void> {
  const { record, text, key } = options;
  if ((record === undefined) === (text === undefined)) throw new HabsburgError('invalid', 'give one of --record and --text');
  if (key !== undefined && text === undefined) throw new HabsburgError('invalid', '--key goes with --text: it hides texts');
  const secret = await readSecret(key);
  const signer = openSigner(keysFolder(options));
  const { store, graph } = await openLineage(options, signal);
  const dataset = await oneTarget(store, graph, what);
  const proof = record === undefined ? await proveText(store, dataset, text!, signer, secret) : await proveRecord(store, dataset, record, signer); // prettier-ignore
  await appendLog(store, signer);
  process.stdout.write(`${JSON.stringify(proof)}\n`);
}
