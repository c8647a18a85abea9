/** What conditions cost, from the reports of steps and the statements about them: against numbers made by hand. */
import { expect, test } from '@jest/globals';
import type { Digest } from '../../common/canonical.js';
import { costs, renderCosts } from '../../report/cost.js';
import { keyOf, run, type Reports } from './runs.js';

const generation = (steps: number, tokens: number): Reports => ({
  sample: { records: 5 },
  finetune: { steps },
  generate: { records: 10, tokens },
});
const RUNS = [
  run('plain', 1, generation(100, 640), generation(30, 320)),
  run('plain', 2, generation(100, 640), generation(50, 320)),
  run('plain', 3, generation(100, 640)), // has not come as far
  run('filtered', 1, generation(100, 640), { ...generation(30, 320), 'through-opt/0': { read: 10, kept: 7 }, postprocess: { read: 20, kept: 9 } }), // prettier-ignore
  run('line', 1, generation(100, 640)),
];

test('sums over generations, means over the seeds that came as far; a step that conditions share counts for each', () => {
  const seconds = new Map<Digest, number>();
  for (const seed of [1, 2])
    for (const t of [0, 1]) {
      seconds.set(keyOf(seed, t, 'finetune'), seed + 10 * t); // 1 and 11, 2 and 12
      if (seed === 1) seconds.set(keyOf(seed, t, 'generate'), 3);
    }
  seconds.set(keyOf(1, 1, 'through-opt/0'), 0.5);
  seconds.set(keyOf(1, 1, 'postprocess'), 0.25);
  expect(costs(RUNS, seconds)).toEqual([
    // of seed 2 nobody knows how long it wrote
    { condition: 'plain', seeds: 2, generations: 1, updates: 140, written: 960, filtered: 0, seconds: { train: 13, write: undefined, filter: 0 } }, // prettier-ignore
    { condition: 'filtered', seeds: 1, generations: 1, updates: 130, written: 960, filtered: 30, seconds: { train: 12, write: 6, filter: 0.75 } }, // prettier-ignore
    { condition: 'line', seeds: 1, generations: 0, updates: 100, written: 640, filtered: 0, seconds: { train: 1, write: 3, filter: 0 } }, // prettier-ignore
  ]);
});

test('what is written and filtered for held-out texts counts, too', () => {
  const mixed = { generate: { records: 9, tokens: 90 }, 'generate-valid': { records: 2, tokens: 20 }, 'generate-test': { records: 1, tokens: 10 }, postprocess: { read: 9 }, 'postprocess-valid': { read: 2 }, 'through-opt/0-test': { read: 1 }, 'sample-valid': { read: 7, records: 7 } }; // prettier-ignore
  const seconds = new Map(Object.keys(mixed).map((step, i) => [keyOf(1, 0, step), 2 ** i]));
  expect(costs([run('mixed', 1, mixed)], seconds)).toEqual([
    { condition: 'mixed', seeds: 1, generations: 0, updates: 0, written: 120, filtered: 12, seconds: { train: 0, write: 1 + 2 + 4, filter: 8 + 16 + 32 } }, // prettier-ignore
  ]);
});

test('as a table, and nothing where no steps are known', () => {
  expect(renderCosts(costs(RUNS.slice(3, 4), new Map()))).toBe(
    `What a condition costs alone (of a seed, means over seeds; seconds of the attempts that finished)
condition  seeds  generations  optimiser steps  tokens written  texts filtered  train s  write s  filter s
filtered       1       0 to 1              130             960              30        –        –         –

`,
  );
  expect(renderCosts(costs([run('cheap', 1, {})], new Map()))).toBe('');
});
