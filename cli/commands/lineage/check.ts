/** lineage check: whether a proof shows what it says. Needs neither dataset nor store. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { HabsburgError, fromSystemError } from '../../../common/errors.js';
import { checkProof, type Shown } from '../../../lineage/proof.js';
import { printJson } from '../../output.js';
import { counted } from '../../words.js';
import { readSecret } from './support.js';

interface Options {
  readonly record?: string;
  readonly text?: string;
  readonly key?: string;
  readonly json?: boolean;
}

export function registerCheck(parent: Command): void {
  parent
    .command('check')
    .description('check a proof of lineage prove, without the dataset; exit code 3 where it shows nothing')
    .argument('<proof>', 'its file')
    .option('--record <file>', 'the record that it should be about: a file with its line of records.jsonl')
    .option('--text <text>', 'the text that it should be about')
    .option('--key <file>', 'with --text, where the dataset is keyed: its secret')
    .option('--json', 'print JSON')
    .action(execute);
}

async function execute(path: string, { record, text, key, json }: Options): Promise<void> {
  const read = (file: string) =>
    readFile(file).catch((error: unknown) => {
      throw fromSystemError(error, `reading ${file}`);
    });
  const line = record === undefined ? undefined : withoutEnd(await read(record));
  let proof: unknown;
  try {
    proof = JSON.parse((await read(path)).toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) throw new HabsburgError('verification', `${path} is not JSON`);
    throw error;
  }
  const shown = checkProof(proof, { record: line, text, secret: await readSecret(key) });
  if (json) printJson('lineage-check', shown);
  else process.stdout.write(`${words(shown)}\n`);
}

const withoutEnd = (bytes: Buffer): Buffer => (bytes.at(-1) === 10 ? bytes.subarray(0, -1) : bytes);

function words({ proves, dataset, statement, keyid, count, index, matches }: Shown): string {
  const what = {
    inclusion: `${matches ? 'this record' : 'the record of the proof'} is number ${(index ?? 0) + 1} of ${counted(count, 'record')}`,
    present: `${matches ? 'this text' : 'the text of the proof'} is that of a record, among ${counted(count, 'text')}`,
    absent: `${matches ? 'this text' : 'the text of the proof'} is that of no record, among ${counted(count, 'text')}; one that is only similar, or inside a longer record, is not excluded`,
  }[proves];
  return `dataset ${dataset}: ${what}.\nThe root is that of the statement ${statement},\nsigned by the key ${keyid}; whose that is answers for it.`;
}
