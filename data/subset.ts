/** A part of a text by lot: each line is in it or not by itself, so one pass does, and a larger share holds all lines of a smaller one. */
import { CounterRng } from '../common/philox.js';
import type { TextDataPlan } from '../kinds/text/plan.js';

/**
 * The lines of a split that `data.subset` draws. Of records, which messages name by their line, the others are left blank.
 * @param lines of the whole split, in batches
 */
export async function* subsetLines(
  lines: AsyncIterable<readonly string[]>,
  split: 'train' | 'valid' | 'test',
  { subset, packing }: Pick<TextDataPlan, 'subset' | 'packing'>,
): AsyncGenerator<readonly string[], void, undefined> {
  if (subset === undefined || subset[split] === 1) return yield* lines;
  const rng = new CounterRng({ seed: subset.seed, generation: 0, member: '', step: 'prepare', purpose: `subset/${split}` });
  let first = 0;
  for await (const some of lines) {
    const drawn = some.map((_, i) => rng.uniform(first + i) < subset[split]);
    first += some.length;
    yield packing === 'records' ? some.map((line, i) => (drawn[i] ? line : '')) : some.filter((_, i) => drawn[i]);
  }
}
