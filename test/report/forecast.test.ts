/** Forecasts of results: which seeds, which scale, which generations; and the sentences. */
import { expect, test } from '@jest/globals';
import { forecastOf, forecastSentence, type Forecast } from '../../report/forecast.js';
import { summarise } from '../../report/summary.js';
import { rowsOfSeeds, scoresOf, type ValuesBySeed } from './scores-of.js';

function forecast(values: ValuesBySeed, line: number, until: number, generations?: readonly number[]): Forecast {
  const rows = rowsOfSeeds(values).map((row) => ({ ...row, generation: generations?.[row.generation] ?? row.generation }));
  const summary = summarise({ scores: scoresOf(rows) });
  return forecastOf(summary.measures[0], summary.series[0], line, until)!;
}

test('what doubles in every generation crosses when it must, and its band is a line', () => {
  const found = forecast({ replace: [[1, 2, 4, 8, 16, 32, 64]] }, 500, 20);
  expect(found).toMatchObject({
    from: 6,
    stride: 1,
    scale: 'log',
    seeds: 1,
    crossed: 0,
    early: 9,
    middle: 9,
    late: 9,
    within: 1,
  });
  expect(found.changed).toBeUndefined();
  const last = found.band!.at(-1)!;
  expect(last.generation).toBe(20);
  expect(last.low / 2 ** 20).toBeCloseTo(1, 9);
  expect(last.high / 2 ** 20).toBeCloseTo(1, 9);
  expect(forecastSentence(found, 500, 20)).toBe('replace: A seed crosses 500 at generation 9 (90 %: 9 to 9).');
});

test('falling, on a plain scale where values are not all positive, and at the distances of generations that are known', () => {
  const falling = forecast(
    { a: [[6, 5, 4, 3, 2, 1, 0]] },
    -3,
    60,
    [0, 10, 20, 30, 40, 50, 60].map((t) => t / 5),
  );
  expect(falling).toMatchObject({ from: 12, stride: 2, scale: 'plain', early: 18, late: 18 });
  // generation 1 is not at the distance of the others
  const uneven = forecast({ a: [[64, 50, 32, 16, 8, 4, 2, 1]] }, 0.1, 120, [0, 1, 10, 20, 30, 40, 50, 60]);
  expect(uneven).toMatchObject({ from: 60, stride: 10, early: 100, middle: 100, late: 100 });
});

test('seeds that crossed are told and left out; all of them, no forecast is needed', () => {
  const two = forecast({ a: [[1, 2, 4, 8, 16], [10, 20, 40, 80, 160]] }, 100, 20); // prettier-ignore
  expect(two).toMatchObject({ seeds: 2, crossed: 1, early: 7, late: 7 });
  expect(forecastSentence(two, 100, 20)).toBe('a: Another seed crosses 100 at generation 7 (90 %: 7 to 7). 1 of 2 seeds crossed it by generation 4.'); // prettier-ignore
  const all = forecast({ a: [[1, 2, 4, 8, 16]] }, 3, 20);
  expect(all.early).toBeUndefined();
  expect(forecastSentence(all, 3, 20)).toBe('a: crossed by generation 4 in the one seed.');
});

test('not before, never within the horizon, and why there is none', () => {
  const rough = [[0, 1.5, 1.6, 3.2, 3.9, 5.3], [0, 0.5, 1.8, 2.6, 4.4, 4.6]].map((row) => row.map(Math.exp)); // prettier-ignore
  const late = forecast({ a: rough }, Math.exp(14), 14);
  expect(late.early).toBeGreaterThan(9);
  expect(late.late).toBeUndefined();
  expect(forecastSentence(late, 14, 14)).toMatch(/^a: A seed crosses 14 not before generation 1\d \(95 %\)(, half of them by 1\d)?; \d+ % by generation 14\.$/); // prettier-ignore
  const never = forecast({ a: rough }, Math.exp(50), 14);
  expect(forecastSentence(never, 50, 14)).toContain('stays before 50 until generation 14 (95 %; 0 % by generation 14 cross it)');
  expect(forecast({ a: [[1, 2, 3]] }, 9, 20).why).toBe('it takes 5 steps of all seeds together');
  expect(forecast({ a: rough }, 1e6, 5).why).toBe('generation 5 is known already');
});

test('steps that turned: those of the second half alone, and a warning', () => {
  const turned = Array.from({ length: 4 }, (_, s) => Array.from({ length: 21 }, (_, t) => Math.exp((t < 10 ? 0.5 * t : 5 + 0.1 * (t - 10)) + 0.01 * ((s * 5 + t * 7) % 4)))); // prettier-ignore
  const found = forecast({ a: turned }, Math.exp(8), 80);
  expect(found.changed!.drift).toBeLessThan(0.001);
  // 6 at generation 20, .1 a generation: 20 more
  expect(Math.abs(found.middle! - 40)).toBeLessThan(2);
  expect(forecastSentence(found, 3000, 80)).toContain('Its steps changed on the way');
});
