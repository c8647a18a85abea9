/** Tokens that a model expected are drawn anew from what it expected there. */
import type { Device } from './devices.js';
import type { Model } from './checkpoint/huggingface.js';
import { modelFeeds } from './models/weights.js';
import { residentFeeds } from './resident.js';
import { RowBatches } from './row-batches.js';
import { checkLabels, checkRows, sessionOf } from './score.js';
import { predictionGraph } from './train/graph.js';

export interface ConfidentOptions {
  readonly model: Model;
  readonly rows: readonly Int32Array[];
  /** as Scorer.score takes them: tokens without one stay */
  readonly labels?: readonly Int32Array[];
  readonly threads: number;
  readonly device?: Device;
  /** a token is drawn anew whose probability, given those before it, is at least this */
  readonly above: number;
  /** ids that stay where they are, and are never drawn */
  readonly banned: readonly number[];
  /** uniform in [0, 1), of a row and the place of a token in it */
  draw(row: number, place: number): number;
}

/**
 * The rows, in order. The model reads each once, as it is: what is drawn at one place changes nothing at those behind it.
 * @throws HabsburgError `invalid` for rows or labels that do not fit the model
 */
export async function redrawConfident(options: ConfidentOptions): Promise<Int32Array[]> {
  const { model, rows, labels, threads, device, above, draw } = options;
  checkRows(rows, model.config);
  checkLabels(rows, labels, model.config);
  const banned = new Set(options.banned);
  const { vocabularySize } = model.config;
  const weights = await residentFeeds(modelFeeds(model), device);
  const graphFor = (time: number) =>
    predictionGraph(model.config, time, model, (g, logits, targets) => {
      const logs = g.op('LogSoftmax', [logits], { axis: -1 }); // (N, V)
      const chosen = g.op('GatherElements', [logs, g.reshape(targets, [-1, 1])], { axis: 1 }); // (N, 1)
      return { logs, chosen: g.reshape(chosen, [-1]) };
    });
  const opened = { threads, device, ...sessionOf(weights.feeds, model) };
  const batches = new RowBatches(model.config, weights.feeds, graphFor, ['logs', 'chosen'], opened);
  const edited = rows.map((row) => Int32Array.from(row));
  const least = Math.log(above);
  try {
    for await (const { batch, members, outputs } of batches.over(rows, labels))
      for (const [b, i] of members.entries())
        for (let place = 1; place < rows[i].length; place++) {
          const t = b * batch.time + place - 1;
          if (batch.counted[t] === 0 || banned.has(rows[i][place]) || Number(outputs.chosen.data[t]) < least) continue;
          const logs = outputs.logs.data.slice(t * vocabularySize, (t + 1) * vocabularySize) as Float32Array;
          edited[i][place] = drawn(logs, banned, draw(i, place)) ?? rows[i][place];
        }
    return edited;
  } finally {
    await batches.release();
    await weights.release();
  }
}

/** The first id whose cumulative probability exceeds u; undefined where none but banned ones have any. */
function drawn(logs: Float32Array, banned: ReadonlySet<number>, u: number): number | undefined {
  const weights = Float64Array.from(logs, (log, id) => (banned.has(id) ? 0 : Math.exp(log)));
  let left = u * weights.reduce((sum, weight) => sum + weight, 0);
  const found = weights.findIndex((weight) => (left -= weight) < 0);
  if (found >= 0) return found;
  // rounding can leave a hair
  const last = weights.findLastIndex((weight) => weight > 0);
  return last < 0 ? undefined : last;
}
