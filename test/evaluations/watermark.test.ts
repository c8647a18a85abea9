/** The metric of a watermark: transformers' z, and what chance makes of texts that nobody marked. */
import { describe, expect, test } from '@jest/globals';
import { greenAfter, isGreen } from '../../common/green-list.js';
import { CounterRng } from '../../common/philox.js';
import { watermark, zScore } from '../../evaluations/watermark.js';
import { textsFrom } from './support.js';

const rng = (step: string) => new CounterRng({ seed: 1, generation: 0, member: 'm', step });
const measured = (tokens: number[][], settings: { fraction: number; key: number }) =>
  watermark.compute(
    {
      records: {
        generated: textsFrom(
          tokens,
          tokens.map(() => ''),
        ),
      },
      tables: {},
    },
    settings,
  );
const zOf = (tokens: number[][], settings: { fraction: number; key: number }) => measured(tokens, settings)[0].value;

test('z of a count is WatermarkDetector’s (transformers 5.17)', () => {
  expect(zScore(150, 400, 0.25)).toBeCloseTo(5.77350269, 8);
  expect(zScore(100, 400, 0.25)).toBe(0);
  expect(zScore(7, 9, 0.25)).toBeCloseTo(3.6565517, 7);
});

test('a list has its share, whatever the vocabulary, and another for each token before and key', () => {
  const list = { fraction: 0.25, key: 7 };
  const [small, large] = [greenAfter(list, 3, 1001), greenAfter(list, 3, 40_000)];
  expect(large.subarray(0, 1001)).toEqual(small);
  small.forEach((green, token) => expect(isGreen(list, 3, token)).toBe(green === 1));
  const sum = (green: Uint8Array) => green.reduce((n, one) => n + one, 0);
  expect(Math.abs(zScore(sum(large), 40_000, 0.25))).toBeLessThan(3);
  const both = (other: Uint8Array) => large.reduce((n, one, i) => n + (one & other[i]), 0);
  for (const other of [greenAfter(list, 4, 40_000), greenAfter({ ...list, key: 8 }, 3, 40_000)])
    expect(Math.abs(zScore(both(other), 40_000, 1 / 16))).toBeLessThan(3);
});

test('of tokens at random, z is standard normal over keys', () => {
  const draw = rng('unmarked');
  const tokens = Array.from({ length: 20 }, (_, r) => Array.from({ length: 50 }, (_, t) => draw.integer(5000, r, t)));
  const keys = 400;
  const z = Array.from({ length: keys }, (_, key) => zOf(tokens, { fraction: 0.25, key }));
  const mean = z.reduce((sum, x) => sum + x, 0) / keys;
  const variance = z.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (keys - 1);
  // three standard errors: 1 / √400 of the mean, √(2 / 399) of the variance
  expect(Math.abs(mean)).toBeLessThan(0.15);
  expect(Math.abs(variance - 1)).toBeLessThan(0.22);
});

describe('what is counted', () => {
  const settings = { fraction: 0.5, key: 1 };
  const green = (before: number, token: number) => isGreen(settings, before, token);

  test('pairs within records, each once, and all of them', () => {
    const tokens = [[5, 9, 5, 9, 2], [2], [9, 2]]; // pairs 5 9, 9 5, 9 2, some twice; none over an end of record
    const distinct = [green(5, 9), green(9, 5), green(9, 2)].filter(Boolean).length;
    const all = distinct + [green(5, 9), green(9, 2)].filter(Boolean).length;
    expect(measured(tokens, settings).map(({ variant, value, n }) => [variant, value, n])).toEqual([
      ['z/distinct-pairs', zScore(distinct, 3, 0.5), 3],
      ['z/distinct-pairs/every-pair', zScore(all, 5, 0.5), 5],
      ['z/distinct-pairs/green-share', distinct / 3, 3],
    ]);
  });

  test('no pair, no value', () => expect(measured([[1], []], settings)).toEqual([]));
});
