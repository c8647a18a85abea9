/** Forecasts of walks, by what is exact of normal walks, and by simulation where the answer is known. */
import { expect, test } from '@jest/globals';
import { CounterRng } from '../../common/philox.js';
import { bandAt, crossing, walkOf } from '../../statistics/forecast.js';
import { clopperPearson } from '../../statistics/proportions.js';

const rng = new CounterRng({ seed: 7, generation: 0, member: '', step: 'walks' });
/** n steps of a normal walk. */
function walk(index: number, n: number, drift: number, sd: number): number[] {
  let at = 0;
  return [0, ...Array.from({ length: n }, (_, i) => (at += drift + sd * rng.normal(i, index)))];
}

test('one step on is the prediction interval of one more value: x̄ ± t s √(1 + 1/n)', () => {
  // steps 1, 2, 3, 4: mean 2.5, sd √(5/3); t(.95; 3) = 2.353363 (scipy.stats.t.ppf)
  const found = walkOf([[0, 1, 3, 6, 10]])!;
  expect(found).toMatchObject({ last: [10], drift: 2.5, steps: 4 });
  const half = 2.3533634348018 * Math.sqrt(5 / 3) * Math.sqrt(1.25);
  const [low, high] = bandAt(found, 10, 1);
  expect(low).toBeCloseTo(12.5 - half, 9);
  expect(high).toBeCloseTo(12.5 + half, 9);
  expect(walkOf([[0, 1, 2]])).toBeUndefined();
});

test('bands hold nine in ten of normal walks, however few steps and however far ahead; so do intervals of crossings', () => {
  const [trials, crossings] = [600, 150];
  const held = [0, 0, 0, 0];
  for (let i = 0; i < trials; i++) {
    const chains = [0, 1].map((s) => walk(2 * i + s, 8 + 60, -0.5, 1));
    const known = walkOf(chains.map((one) => one.slice(0, 9)))!;
    const [own] = chains;
    [1, 10, 40].forEach((h, k) => {
      const [low, high] = bandAt(known, own[8], h);
      if (own[8 + h] >= low && own[8 + h] <= high) held[k]++;
    });
    if (i >= crossings) continue;
    const { early, late } = crossing(known, [own[8]], own[8] - 4, 60, { paths: 200, seed: i });
    const at = own.findIndex((value, t) => t > 8 && value <= own[8] - 4);
    const seen = at < 0 ? Infinity : at - 8;
    if (seen >= early && seen <= late) held[3]++;
  }
  // whole generations cover a little more than they say
  for (const [k, count] of held.entries()) {
    const [low, high] = clopperPearson(count, k === 3 ? crossings : trials, 0.999);
    expect({ k, covers: low < (k === 3 ? 0.93 : 0.9) && high > 0.9 }).toEqual({ k, covers: true });
  }
});

test('a walk without noise crosses when it must, one that turns away never; what stands beyond is there', () => {
  const straight = walkOf([[0, 1, 2, 3, 4, 5]])!;
  expect(crossing(straight, [5], 9, 50)).toEqual({ early: 4, middle: 4, late: 4, within: 1 });
  expect(crossing(straight, [5], 4, 50)).toEqual({ early: Infinity, middle: Infinity, late: Infinity, within: 0 });
  expect(crossing(straight, [5], 5, 50).early).toBe(0);
});

test('without drift the first passage is the reflection principle’s: P(within h) = 2 P(Z > a / √h)', () => {
  // many steps, so that drift and spread are known
  const known = { last: [0], drift: 0, sd: 1, steps: 1e9, changed: { drift: 1, spread: 1 } };
  const { within, middle } = crossing(known, [0], 10, 400, { paths: 1500 });
  // a walk of whole steps overshoots: the line lies .583 sd farther off (Siegmund 1979). 2 sf(10.583 / 20) = .597
  expect(Math.abs(within - 0.597)).toBeLessThan(4 * Math.sqrt((0.597 * 0.403) / 1500));
  // half of all: (10.583 / .6745)² = 246
  expect(Math.abs(middle - 246)).toBeLessThan(40);
});

test('steps that change their drift or their spread are told apart from those that do not', () => {
  const turned = Array.from({ length: 30 }, (_, t) => (t < 15 ? t : 15 + 3 * (t - 15)) + 0.1 * rng.normal(t, 90_001));
  expect(walkOf([turned])!.changed.drift).toBeLessThan(1e-6);
  const calm = walk(90_002, 20, 0, 0.1);
  const wild = calm.concat(walk(90_003, 20, 0, 3).slice(1).map((step) => calm[20] + step)); // prettier-ignore
  expect(walkOf([wild])!.changed.spread).toBeLessThan(0.01);
  const { drift, spread } = walkOf([walk(90_004, 40, 1, 1)])!.changed;
  expect(Math.min(drift, spread)).toBeGreaterThan(0.01);
});
