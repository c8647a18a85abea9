/** What a model predicts at every place of rows of token ids: numbers made of its logits, a token each. */
import type { Device } from './devices.js';
import { notFinite } from './checkpoint/finite.js';
import type { Model } from './checkpoint/huggingface.js';
import type { Graph } from './graph/graph.js';
import type { Value } from './graph/types.js';
import { modelFeeds } from './models/weights.js';
import { residentFeeds } from './resident.js';
import { RowBatches } from './row-batches.js';
import { checkLabels, checkRows, sessionOf } from './score.js';
import { predictionGraph } from './train/graph.js';

export interface PredictionOptions<Name extends string> {
  readonly model: Model;
  readonly rows: readonly Int32Array[];
  /** as Scorer.score takes them */
  readonly labels?: readonly Int32Array[];
  readonly threads: number;
  readonly device?: Device;
  readonly names: readonly Name[];
  /** of logits (N, V) and the tokens that come next (N): a number a place (N), by name */
  outputs(graph: Graph, logits: Value, targets: Value): Readonly<Record<Name, Value>>;
}

/** Sums over the places of a row whose next token counts, and how many those are; of all places where there are none, 0. */
export type RowSums<Name extends string> = Record<Name | 'tokenCount', number>;

/**
 * One a row, in order.
 * @throws HabsburgError `invalid` for rows or labels that do not fit the model, `verification` where a sum is no finite number
 */
export async function sumPredictions<Name extends string>(options: PredictionOptions<Name>): Promise<RowSums<Name>[]> {
  const { model, rows, labels, threads, device, names } = options;
  checkRows(rows, model.config);
  checkLabels(rows, labels, model.config);
  const weights = await residentFeeds(modelFeeds(model), device);
  const graphFor = (time: number) => predictionGraph(model.config, time, model, (...given) => options.outputs(...given));
  const opened = { threads, device, ...sessionOf(weights.feeds, model) };
  const batches = new RowBatches(model.config, weights.feeds, graphFor, names, opened);
  const none = Object.fromEntries([...names, 'tokenCount'].map((name) => [name, 0])) as RowSums<Name>;
  const sums = rows.map(() => ({ ...none }));
  try {
    for await (const { batch, members, outputs } of batches.over(rows, labels))
      for (const [b, i] of members.entries())
        for (let t = b * batch.time; t < b * batch.time + rows[i].length - 1; t++) {
          if (batch.counted[t] === 0) continue;
          sums[i].tokenCount++;
          for (const name of names) sums[i][name] += Number(outputs[name].data[t]);
        }
    const bad = sums.findIndex((row) => names.some((name) => !Number.isFinite(row[name])));
    if (bad >= 0) throw await notFinite(model, `the predictions of row ${bad}`);
    return sums;
  } finally {
    await batches.release();
    await weights.release();
  }
}
