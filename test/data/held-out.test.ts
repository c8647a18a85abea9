/** Splits of one text: each line in one of them, running text where it lies, records by lot. */
import { describe, expect, test } from '@jest/globals';
import { heldOutLines } from '../../data/held-out.js';

const N = 20_000;
const lines = Array.from({ length: N }, (_, i) => `line ${i}`);
const SPLITS = ['train', 'valid', 'test'] as const;

async function* batches(size: number) {
  for (let i = 0; i < N; i += size) yield await Promise.resolve(lines.slice(i, i + size));
}
async function splits(data: Parameters<typeof heldOutLines>[2], size = 999): Promise<string[][]> {
  const found = SPLITS.map(async (split) => {
    const all: string[] = [];
    for await (const some of heldOutLines(() => batches(size), split, data)) all.push(...some);
    return all;
  });
  return Promise.all(found);
}

describe('running text', () => {
  const data = { heldOut: { valid: 0.05, test: 0.1 }, packing: 'bos-line' as const };

  test('is divided where it lies: what trains, then validation, then test', async () => {
    const [train, valid, held] = await splits(data);
    expect([train.length, valid.length, held.length]).toEqual([17_000, 1000, 2000]);
    expect([...train, ...valid, ...held]).toEqual(lines);
    expect(await splits(data, 7)).toEqual([train, valid, held]);
  });

  test('one split alone: the other is a text of its own', async () => {
    const [train, valid, held] = await splits({ ...data, heldOut: { test: 0.1 } });
    expect([train.length, held.length]).toEqual([18_000, 2000]);
    expect(valid).toEqual(lines);
    expect(await splits({ packing: 'bos-line' })).toEqual([lines, lines, lines]);
  });
});

test('records draw lots, each by itself; those of other splits are blank, so that lines keep their numbers', async () => {
  const drawn = (seed: number, test = 0.1) => splits({ heldOut: { valid: 0.05, test, seed }, packing: 'records' });
  const found = await drawn(1);
  for (let i = 0; i < N; i++) expect(found.map((split) => split[i]).sort()).toEqual(['', '', `line ${i}`]);
  const counts = found.map((split) => split.filter((line) => line !== '').length);
  // four standard deviations of the binomial distribution
  for (const [k, share] of [0.85, 0.05, 0.1].entries())
    expect(Math.abs(counts[k] - N * share)).toBeLessThan(4 * Math.sqrt(N * share * (1 - share)));
  expect((await drawn(2))[2]).not.toEqual(found[2]);
  // a larger test set holds a smaller one
  const larger = (await drawn(1, 0.2))[2];
  expect(found[2].every((line, i) => line === '' || larger[i] === line)).toBe(true);
});
