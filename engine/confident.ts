/** Tokens that a model expected are drawn anew from what it expected there. */
import { forEachPlace, type ReadingOptions } from './places.js';

export interface ConfidentOptions extends ReadingOptions {
  /** a token is drawn anew whose probability, given those before it, is at least this */
  readonly above: number;
  /** ids that stay where they are, and are never drawn */
  readonly banned: readonly number[];
  /** uniform in [0, 1), of a row and the place of a token in it */
  draw(row: number, place: number): number;
}

/**
 * The rows, in order; tokens without a label stay. The model reads each once, as it is: what is drawn at one place changes nothing at those behind it.
 * @throws HabsburgError `invalid` for rows or labels that do not fit the model
 */
export async function redrawConfident(options: ConfidentOptions): Promise<Int32Array[]> {
  const { model, rows, above, draw } = options;
  const banned = new Set(options.banned);
  const { vocabularySize } = model.config;
  const edited = rows.map((row) => Int32Array.from(row));
  const least = Math.log(above);
  await forEachPlace(
    options,
    ['logs', 'chosen'],
    (g, logits, targets) => {
      const logs = g.op('LogSoftmax', [logits], { axis: -1 }); // (N, V)
      const chosen = g.op('GatherElements', [logs, g.reshape(targets, [-1, 1])], { axis: 1 }); // (N, 1)
      return { logs, chosen: g.reshape(chosen, [-1]) };
    },
    ({ row, token, outputs, line }) => {
      const before = rows[row][token];
      if (banned.has(before) || Number(outputs.chosen.data[line]) < least) return;
      const logs = outputs.logs.data.slice(line * vocabularySize, (line + 1) * vocabularySize) as Float32Array;
      edited[row][token] = drawn(logs, banned, draw(row, token)) ?? before;
    },
  );
  return edited;
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
