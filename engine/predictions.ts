/** What a model predicts at every place of rows of token ids: numbers made of its logits, a token each. */
import { notFinite } from './checkpoint/finite.js';
import type { Graph } from './graph/graph.js';
import type { Value } from './graph/types.js';
import { forEachPlace, type ReadingOptions } from './places.js';

export interface PredictionOptions<Name extends string> extends ReadingOptions {
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
  const { model, rows, names } = options;
  const none = Object.fromEntries([...names, 'tokenCount'].map((name) => [name, 0])) as RowSums<Name>;
  const sums = rows.map(() => ({ ...none }));
  await forEachPlace(options, names, (...given) => options.outputs(...given), ({ row, outputs, line }) => {
    sums[row].tokenCount++;
    for (const name of names) sums[row][name] += Number(outputs[name].data[line]);
  }); // prettier-ignore
  const bad = sums.findIndex((row) => names.some((name) => !Number.isFinite(row[name])));
  if (bad >= 0) throw await notFinite(model, `the predictions of row ${bad}`);
  return sums;
}
