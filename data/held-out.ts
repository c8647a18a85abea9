/** Splits of one text. */
import { CounterRng } from '../common/philox.js';
import type { TextDataPlan } from '../kinds/text/plan.js';

type Lines = AsyncIterable<readonly string[]>;

/**
 * The lines of a text that `data.heldOut` leaves to a split; all of them where it is not divided.
 *
 * Records are divided by lot, each by itself, and those of other splits are left blank, since messages name records by their line. Running text
 * is divided where it lies: first what trains, then validation, then test, by round(share x lines). Its blocks reach over lines, and what a
 * neighbouring line says is half known, so that lines by lot would tell a model what it is tested on.
 * @param read gives the text's lines, in batches, from the beginning; running text is read twice
 */
export async function* heldOutLines(
  read: () => Lines,
  split: 'train' | 'valid' | 'test',
  { heldOut, packing }: Pick<TextDataPlan, 'heldOut' | 'packing'>,
): AsyncGenerator<readonly string[], void, undefined> {
  if (heldOut === undefined || (split !== 'train' && heldOut[split] === undefined)) return yield* read();
  const { valid = 0, test = 0, seed = 0 } = heldOut;
  if (packing === 'records') {
    const rng = new CounterRng({ seed, generation: 0, member: '', step: 'prepare', purpose: 'held-out' });
    const fell = (i: number) => {
      const lot = rng.uniform(i);
      return lot < test ? 'test' : lot < test + valid ? 'valid' : 'train';
    };
    let first = 0;
    for await (const some of read()) {
      const from = first;
      yield some.map((line, i) => (fell(from + i) === split ? line : ''));
      first += some.length;
    }
    return;
  }
  let count = 0;
  for await (const some of read()) count += some.length;
  const ends = count - Math.round(test * count);
  const trains = ends - Math.round(valid * count);
  const [from, to] = { train: [0, trains], valid: [trains, ends], test: [ends, count] }[split];
  let at = 0;
  for await (const some of read()) {
    if (at >= to) return;
    yield some.slice(Math.max(0, from - at), Math.max(0, to - at));
    at += some.length;
  }
}
