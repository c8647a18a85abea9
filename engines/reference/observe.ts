/** What this engine's models read off every record: the columns of the observations of the same names. */
import { join } from 'node:path';
import { writeTable, type Table } from '../../data/table.js';
import { endTokensOf } from '../../data/template.js';
import { loadCheckpoint } from '../../engine/checkpoint/huggingface.js';
import { readObserved, type Reading } from '../../kinds/text/host/windows.js';
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
  prediction(rows) {
    const read = rows.map((row) => {
      const all = row.map(({ logits }) => softmax(logits));
      const sum = (of: (probabilities: Float64Array) => number) => all.reduce((total, one) => total + of(one), 0);
      return { entropy: sum(entropy), gini: sum(gini), certain: sum((one) => Number(Math.max(...one) > 0.999)) };
    });
    return {
      entropy_sum: Float64Array.from(read, (row) => row.entropy),
      hit_count: Int32Array.from(rows, (row) => row.filter(isHit).length),
      gini_sum: Float64Array.from(read, (row) => row.gini),
      certain_count: Int32Array.from(read, ({ certain }) => certain),
      token_count: Int32Array.from(rows, ({ length }) => length),
    };
  },
};

export async function observe(job: ObserveJob): Promise<JobReport> {
  const model = new ReferenceModel(await loadCheckpoint(job.model));
  const records: string[] = [];
  for await (const { id } of readHeads(join(job.data, RECORDS_FILE))) records.push(id);
  const { rows, labels, owners } = await readObserved(job.data, job.settings as Reading, model.config.maxPositions);
  model.checkRows(rows);
  const each = rows.map((row, i) => predictions(model, row, labels?.[i]));
  const read = owners ? byRecord(each, owners, records.length) : each;
  await writeTable(job.out, { records, columns: TABLES[job.observation](read, endTokensOf(model.config.json)) });
  return { records: records.length };
}

/** Predictions of windows as those of the records that they go over. */
function byRecord(windows: readonly Prediction[][], owners: readonly Int32Array[], count: number): Prediction[][] {
  const records: Prediction[][] = Array.from({ length: count }, () => []);
  windows.forEach((window, w) => window.forEach((prediction, k) => records[owners[w][k]].push(prediction)));
  return records;
}

const nllSum = (row: readonly Prediction[]): number => row.reduce((sum, { nll }) => sum + nll, 0);
const isHit = ({ logits, target }: Prediction): boolean => logits.every((logit) => logit <= logits[target]);
const entropy = (probabilities: Float64Array): number =>
  probabilities.reduce((sum, p) => sum - (p === 0 ? 0 : p * Math.log(p)), 0);

/** Of the 100 greatest, by the mean difference of all pairs. */
function gini(probabilities: Float64Array): number {
  const some = Array.from(probabilities).sort((a, b) => b - a).slice(0, 100); // prettier-ignore
  const mean = some.reduce((sum, p) => sum + p, 0) / some.length;
  const apart = some.reduce((sum, p) => sum + some.reduce((row, q) => row + Math.abs(p - q), 0), 0);
  return apart / (2 * some.length ** 2 * mean);
}
