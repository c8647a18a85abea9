/** What this engine's models read off every record: the columns of the observations of the same names. */
import { join } from 'node:path';
import { writeTable, type Table } from '../../data/table.js';
import { endTokensOf } from '../../data/template.js';
import { loadCheckpoint } from '../../engine/checkpoint/huggingface.js';
import { readRows } from '../../kinds/text/host/texts.js';
import type { JobReport, ObserveJob } from '../../kinds/host/types.js';
import { RECORDS_FILE, readHeads } from '../../pool/records.js';
import { softmax } from './layers.js';
import { predictions, type Prediction } from './loss.js';
import { ReferenceModel } from './model.js';

type Columns = Table['columns'];

/** By observation; a row of the table is of a record, whose predictions these are. */
const TABLES: Readonly<Record<string, (rows: readonly Prediction[][], endTokens: readonly number[]) => Columns>> = {
  likelihood(rows, endTokens) {
    const ends = rows.map((row) => row.filter(({ target }) => endTokens.includes(target)));
    return {
      nll_sum: Float64Array.from(rows, nllSum),
      token_count: Int32Array.from(rows, ({ length }) => length),
      end_nll_sum: Float64Array.from(ends, nllSum),
      end_token_count: Int32Array.from(ends, ({ length }) => length),
    };
  },
  prediction: (rows) => ({
    entropy_sum: Float64Array.from(rows, (row) => row.reduce((sum, { logits }) => sum + entropy(softmax(logits)), 0)),
    hit_count: Int32Array.from(rows, (row) => row.filter(isHit).length),
    token_count: Int32Array.from(rows, ({ length }) => length),
  }),
};

export async function observe(job: ObserveJob): Promise<JobReport> {
  const model = new ReferenceModel(await loadCheckpoint(job.model));
  const records: string[] = [];
  for await (const { id } of readHeads(join(job.data, RECORDS_FILE))) records.push(id);
  const { rows, labels } = await readRows(job.data, job.settings.lossOn as 'answer' | 'all' | undefined);
  model.checkRows(rows);
  const read = rows.map((row, i) => predictions(model, row, labels?.[i]));
  await writeTable(job.out, { records, columns: TABLES[job.observation](read, endTokensOf(model.config.json)) });
  return { records: records.length };
}

const nllSum = (row: readonly Prediction[]): number => row.reduce((sum, { nll }) => sum + nll, 0);
const isHit = ({ logits, target }: Prediction): boolean => logits.every((logit) => logit <= logits[target]);
const entropy = (probabilities: Float64Array): number =>
  probabilities.reduce((sum, p) => sum - (p === 0 ? 0 : p * Math.log(p)), 0);
