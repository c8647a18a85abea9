/** Forecasts of walks, by what is exact of normal walks, and by simulation where the answer is known. */
import { expect, test } from '@jest/globals';
import { CounterRng } from '../../common/philox.js';
import { bandsAt, crossing, hasChanged, walkOf, type Walk } from '../../statistics/forecast.js';
import { clopperPearson } from '../../statistics/proportions.js';

const rng = new CounterRng({ seed: 7, generation: 0, member: '', step: 'walks' });
/** n steps of a normal walk. */
function walk(index: number, n: number, drift: number, sd: number): number[] {
  let at = 0;
  return [0, ...Array.from({ length: n }, (_, i) => (at += drift + sd * rng.normal(i, index)))];
}

/** A walk whose steps are alike, learnt so well or so badly. */
const alike = (drift: number, squares: number, steps: number): Walk => ({
  forms: [{ level: 0, time: 0, drift, weight: steps, squares, chance: 1 }],
  steps,
  time: steps,
  end: 0,
  changed: { drift: 1, spread: 1 },
});

test('of steps that are alike, h steps on are the prediction interval h x̄ ± t s √(h + h²/n)', () => {
  // steps 1, 2, 3, 4: mean 2.5, sd √(5/3); t(.95; 3) = 2.353363 (scipy.stats.t.ppf); Hyndman and Athanasopoulos (2021), §5.5
  const bands = bandsAt(alike(2.5, 5, 4), 10, [1, 5], 0.9, { paths: 40_000 });
  [1, 5].forEach((h, i) => {
    const half = 2.3533634348018 * Math.sqrt(5 / 3) * Math.sqrt(h + (h * h) / 4);
    expect(Math.abs(bands[i][0] - (10 + 2.5 * h - half)) / half).toBeLessThan(0.03);
    expect(Math.abs(bands[i][1] - (10 + 2.5 * h + half)) / half).toBeLessThan(0.03);
  });
  expect(walkOf([[0, 1, 2]])).toBeUndefined();
});

test('a spread that goes with time goes on so, but no farther than to half or twice its variance', () => {
  // known for sure: var(step h) = ((10 + h) / 10)^-2, not below e^-.7
  const known: Walk = {
    ...alike(0, 1e9, 1e9),
    time: 10,
    forms: [{ level: 0, time: -2, drift: 0, weight: 1e12, squares: 1e9, chance: 1 }],
  };
  const ahead = [1, 4, 20];
  bandsAt(known, 0, ahead, 0.9, { paths: 40_000 }).forEach(([low, high], i) => {
    const variance = Array.from({ length: ahead[i] }, (_, h) => Math.max(Math.exp(-0.7), ((11 + h) / 10) ** -2)).reduce(
      (a, b) => a + b,
    );
    const half = 1.6448536269514722 * Math.sqrt(variance);
    expect(Math.abs(high - half) / half).toBeLessThan(0.03);
    expect(Math.abs(low + half) / half).toBeLessThan(0.03);
  });
});

test('what steps of one form say is weighted least squares, and the form that made them is found', () => {
  // spread that grows as the level falls: sd e^-x, from 0 down to about -2
  const rows = [0, 1, 2].map((k) => {
    let x = 0;
    return [0, ...Array.from({ length: 200 }, (_, t) => (x += -0.01 + 0.02 * Math.exp(-x) * rng.normal(t, 70_000 + k)))];
  });
  const found = walkOf(rows)!;
  const mean = (of: 'level' | 'time') => found.forms.reduce((sum, form) => sum + form.chance * form[of], 0);
  expect(Math.abs(mean('level') + 2)).toBeLessThan(0.6); // the variance goes by e^-2x
  expect(Math.abs(mean('time'))).toBeLessThan(0.5);
  expect(found.forms.reduce((sum, { chance }) => sum + chance, 0)).toBeCloseTo(1, 5);
  const even = walkOf([[0, 1, 3, 6, 10]])!.forms.find(({ level, time }) => level === 0 && time === 0)!;
  expect(even).toMatchObject({ drift: 2.5, weight: 4, squares: 5 });
});

test('bands hold nine in ten of normal walks, however few steps and however far ahead; so do intervals of crossings', () => {
  const [trials, crossings] = [300, 150];
  const held = [0, 0, 0, 0];
  for (let i = 0; i < trials; i++) {
    const chains = [0, 1].map((s) => walk(2 * i + s, 8 + 60, -0.5, 1));
    const known = walkOf(chains.map((one) => one.slice(0, 9)))!;
    const [own] = chains;
    const bands = bandsAt(known, own[8], [1, 10, 40], 0.9, { paths: 300, seed: i });
    [1, 10, 40].forEach((h, k) => {
      const [low, high] = bands[k];
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
  const known = alike(0, 1e9, 1e9);
  const { within, middle } = crossing(known, [0], 10, 400, { paths: 1500 });
  // a walk of whole steps overshoots: the line lies .583 sd farther off (Siegmund 1979). 2 sf(10.583 / 20) = .597
  expect(Math.abs(within - 0.597)).toBeLessThan(4 * Math.sqrt((0.597 * 0.403) / 1500));
  // half of all: (10.583 / .6745)² = 246
  expect(Math.abs(middle - 246)).toBeLessThan(40);
});

test('steps that change their drift are told; a spread that goes with time is learnt', () => {
  const turned = Array.from({ length: 30 }, (_, t) => (t < 15 ? t : 15 + 3 * (t - 15)) + 0.1 * rng.normal(t, 90_001));
  expect(hasChanged(walkOf([turned])!)).toBe(true);
  expect(hasChanged(walkOf([walk(90_004, 40, 1, 1)])!)).toBe(false);
  // steps of sd 1/t, as of chains that accumulate
  let at = 0;
  const ever = [0, ...Array.from({ length: 60 }, (_, t) => (at += rng.normal(t, 90_005) / (t + 1)))];
  const { forms } = walkOf([ever])!;
  expect(Math.abs(forms.reduce((sum, { time, chance }) => sum + chance * time, 0) + 2)).toBeLessThan(0.8);
});
