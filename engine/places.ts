/** What a model makes of rows of token ids, place by place. */
import type { Device } from './devices.js';
import type { Model } from './checkpoint/huggingface.js';
import type { Graph } from './graph/graph.js';
import type { Value } from './graph/types.js';
import { modelFeeds } from './models/weights.js';
import { residentFeeds } from './resident.js';
import { RowBatches, type RowBatch } from './row-batches.js';
import { checkLabels, checkRows, sessionOf } from './score.js';
import { predictionGraph } from './train/graph.js';

export interface ReadingOptions {
  readonly model: Model;
  readonly rows: readonly Int32Array[];
  /** as Scorer.score takes them */
  readonly labels?: readonly Int32Array[];
  readonly threads: number;
  readonly device?: Device;
}

/** A token that counts, and where in the outputs of its batch is what the model made of those before it. */
export interface Place {
  readonly row: number;
  /** of the token in its row, from 1 */
  readonly token: number;
  readonly outputs: RowBatch['outputs'];
  /** its line of the outputs, below N */
  readonly line: number;
}

/**
 * Every token that counts, but the first of each row: batches in the order of their rows' lengths, in a row from its beginning.
 * @param outputs of logits (N, V) and the tokens that come next (N): what is made of them, N lines each, by name
 * @throws HabsburgError `invalid` for rows or labels that do not fit the model
 */
export async function forEachPlace<Name extends string>(
  { model, rows, labels, threads, device }: ReadingOptions,
  names: readonly Name[],
  outputs: (graph: Graph, logits: Value, targets: Value) => Readonly<Record<Name, Value>>,
  see: (place: Place) => void,
): Promise<void> {
  checkRows(rows, model.config);
  checkLabels(rows, labels, model.config);
  const weights = await residentFeeds(modelFeeds(model), device);
  const graphFor = (time: number) => predictionGraph(model.config, time, model, outputs);
  const opened = { threads, device, ...sessionOf(weights.feeds, model) };
  const batches = new RowBatches(model.config, weights.feeds, graphFor, names, opened);
  try {
    for await (const { batch, members, outputs } of batches.over(rows, labels))
      for (const [b, row] of members.entries())
        for (let token = 1; token < rows[row].length; token++) {
          const line = b * batch.time + token - 1;
          if (batch.counted[line] !== 0) see({ row, token, outputs, line });
        }
  } finally {
    await batches.release();
    await weights.release();
  }
}
