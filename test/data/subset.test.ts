/** A part of a text by lot: which lines are in it, in any batches, and how many. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { subsetLines } from '../../data/subset.js';
import { readFieldRecords } from '../../data/template.js';

const N = 20_000;
const lines = Array.from({ length: N }, (_, i) => `line ${i}`);
const shares = (share: number, seed = 42) => ({
  subset: { train: share, valid: share, test: share, seed },
  packing: 'bos-line' as const,
});

async function* batches(text: readonly string[], size: number) {
  for (let i = 0; i < text.length; i += size) yield text.slice(i, i + size);
}

async function drawn(
  data: Parameters<typeof subsetLines>[2],
  { size = 1000, split = 'train' as 'train' | 'valid' | 'test', text = lines } = {},
): Promise<string[]> {
  const found: string[] = [];
  for await (const some of subsetLines(batches(text, size), split, data)) found.push(...some);
  return found;
}

describe('lines', () => {
  test('are as many as the binomial distribution allows, each where it was', async () => {
    for (const share of [0.001, 0.05, 0.5, 0.999]) {
      const found = await drawn(shares(share));
      // four standard deviations
      expect(Math.abs(found.length - N * share)).toBeLessThan(4 * Math.sqrt(N * share * (1 - share)));
      const places = found.map((line) => Number(line.slice('line '.length)));
      expect(places).toEqual([...places].sort((a, b) => a - b));
      expect(new Set(places).size).toBe(places.length);
    }
  });

  test('are independent of each other: neighbours come together as often as chance has it', async () => {
    const found = new Set(await drawn(shares(0.5)));
    const pairs = lines.filter((line, i) => found.has(line) && found.has(lines[i + 1])).length;
    // a pair has probability 1/4; neighbouring pairs share a line, which makes the variance 5/16 a line
    expect(Math.abs(pairs - N / 4)).toBeLessThan(4 * Math.sqrt((5 / 16) * N));
  });

  test('are the same in any batches, and in a text that goes on', async () => {
    const found = await drawn(shares(0.05));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 * N }), async (size) => {
        expect(await drawn(shares(0.05), { size })).toEqual(found);
      }),
      { numRuns: 10 },
    );
    const longer = await drawn(shares(0.05), { text: [...lines, ...lines] });
    expect(longer.slice(0, found.length)).toEqual(found);
  });

  test('of a larger share hold those of a smaller one; of another seed or split they are others', async () => {
    const more = new Set(await drawn(shares(0.1)));
    const found = await drawn(shares(0.05));
    expect(found.every((line) => more.has(line))).toBe(true);
    for (const other of [await drawn(shares(0.05, 43)), await drawn(shares(0.05), { split: 'valid' })]) {
      const both = other.filter((line) => more.has(line)).length;
      expect(Math.abs(both - N * 0.05 * 0.1)).toBeLessThan(4 * Math.sqrt(N * 0.005));
    }
  });

  test('are all of them where nothing else is said', async () => {
    expect(await drawn({ packing: 'bos-line' })).toEqual(lines);
    const validOnly = { subset: { train: 1, valid: 0.05, test: 1, seed: 1 }, packing: 'bos-line' as const };
    expect(await drawn(validOnly)).toEqual(lines);
    expect((await drawn(validOnly, { split: 'valid' })).length).toBeLessThan(0.1 * N);
  });
});

test('records are drawn as lines are, and messages name the line that they stand in', async () => {
  const records = lines.map((_, i) => JSON.stringify({ at: i }));
  const found = [];
  const data = { ...shares(0.05), packing: 'records' as const };
  for await (const record of readFieldRecords(subsetLines(batches(records, 999), 'train', data), 'r.jsonl')) found.push(record);
  const expected = (await drawn(shares(0.05))).map((line) => Number(line.slice('line '.length)));
  expect(found.map(({ fields }) => fields.at)).toEqual(expected);
  expect(found.map(({ where }) => where)).toEqual(expected.map((at) => `r.jsonl:${at + 1}`));
});
