/** Through growth, branching, leaving and reuse, what a token sees in the cache is its prompt and its ancestors, each once. */
import { expect, test } from '@jest/globals';
import { CounterRng } from '../../../common/philox.js';
import { KeyValueCache } from '../../../engine/generate/cache.js';
import { keysName, newKeysName, newValuesName, valuesName } from '../../../engine/generate/graph.js';
import { float32, type Tensor } from '../../../engine/session.js';

const HEADS = 2;
const HEAD_SIZE = 3;
const TIME = 4;

/** Keys (places, heads, tokens, headSize) that hold their tokens' numbers; values their negatives. */
function numbered(tokens: readonly (readonly number[])[]): Record<string, Tensor> {
  const shape = [tokens.length, HEADS, tokens[0].length, HEAD_SIZE];
  const cell = (i: number): number[] => Array.from({ length: HEAD_SIZE }, (_, k) => i * 10 + k);
  const keys = Float32Array.from(tokens.flatMap((row) => Array.from({ length: HEADS }, () => row.flatMap(cell)).flat()));
  return { [newKeysName(0)]: float32(keys, shape), [newValuesName(0)]: float32(keys.map((x) => -x), shape) }; // prettier-ignore
}

/** [row]: the numbers of the tokens that it sees, in every head alike. */
function seen(feeds: Record<string, Tensor>, width: number): number[][] {
  const [places, , , entries] = feeds.mask.shape;
  const [keys, values] = [feeds[keysName(0)].data as Float32Array, feeds[valuesName(0)].data as Float32Array];
  return Array.from({ length: places * width }, (_, row) => {
    const visible = Array.from({ length: entries }, (_, s) => s).filter((s) => feeds.mask.data[row * entries + s] === 0);
    const [first, second] = [0, 1].map((h) =>
      visible.map((s) => {
        const at = ((Math.floor(row / width) * HEADS + h) * entries + s) * HEAD_SIZE;
        const whole = Array.from(
          { length: HEAD_SIZE },
          (_, k) => keys[at + k] === keys[at] + k && values[at + k] === -keys[at + k],
        );
        if (whole.includes(false)) throw new Error(`row ${row} sees a torn entry`);
        return keys[at] / 10;
      }),
    );
    if (second.some((token, i) => token !== first[i])) throw new Error(`row ${row}'s heads see different tokens`);
    return first.sort((a, b) => a - b);
  });
}

test.each([
  ['beams', 5],
  ['beams', 1],
  ['chain', 4],
] as const)('%s of %i', (layout, width) => {
  const rng = new CounterRng({ seed: 3, generation: 0, member: 'test', step: 'cache' });
  const cache = new KeyValueCache(1, layout);
  let next = 1;
  let mostEntries = 0;
  for (const [round, prompts] of [4, 3, 4].entries()) {
    cache.clear(8, prompts);
    /** [place][token of the last step]: prompt and ancestors */
    const lines: number[][][] = [];
    const begin = (count: number): void => {
      const tokens = Array.from({ length: count }, () => Array.from({ length: TIME }, () => next++));
      const lengths = tokens.map((_, b) => 1 + (b % TIME));
      cache.add(lengths, TIME, numbered(tokens));
      lines.push(...tokens.map((row, b) => [row.slice(0, lengths[b])]));
    };
    begin(prompts);
    for (let step = 0; step < 40; step++) {
      if (step === 20) {
        cache.remove(1);
        lines[1] = lines[lines.length - 1];
        lines.pop();
      }
      if (step === 25) begin(1);
      const parents = lines.map((ends, b) =>
        Int32Array.from({ length: layout === 'chain' ? 1 : width }, (_, i) =>
          rng.integer(ends.length, 100 * round + step, b * width + i),
        ),
      );
      cache.reserve(parents, width);
      const feeds = cache.feeds(1000);
      mostEntries = Math.max(mostEntries, feeds.mask.shape[3]);
      const contexts = lines.flatMap((ends, b) =>
        Array.from({ length: width }, (_, i) => ends[parents[b][layout === 'chain' ? 0 : i]]),
      );
      expect(seen(feeds, width)).toEqual(contexts.map((context) => [...context].sort((a, b) => a - b)));
      const ahead = (row: number): number => (layout === 'chain' ? row % width : 0);
      expect(Array.from(feeds.positions.data, Number)).toEqual(contexts.map((context, row) => context.length + ahead(row)));
      const fresh = lines.map(() => Array.from({ length: width }, () => next++));
      cache.store(numbered(fresh));
      fresh.forEach((tokens, b) => {
        lines[b] = tokens.map((token, i) =>
          layout === 'chain' ? [...contexts[b * width], ...tokens.slice(0, i + 1)] : [...contexts[b * width + i], token],
        );
      });
    }
  }
  // More than the slots that a prompt begins with: the cache has grown, and later where it was.
  expect(mostEntries).toBeGreaterThan(TIME + 32);
});
