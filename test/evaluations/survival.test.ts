import { describe, expect, test } from '@jest/globals';
import { frequenciesFrom, spectrumOf } from '../../evaluations/spectrum.js';
import { survival } from '../../evaluations/survival.js';
import type { EvaluationInput } from '../../evaluations/types.js';
import { textsFrom } from './support.js';

const input = (generated: number[][], real: number[][]): EvaluationInput => ({
  records: { generated: textsFrom(generated, generated.map(() => '')), real: textsFrom(real, real.map(() => '')) }, // prettier-ignore
  tables: {},
});
const valuesOf = (given: EvaluationInput, mass: number) =>
  Object.fromEntries(survival.compute(given, { mass }).map(({ variant, value, n }) => [variant, [value, n]]));

describe('survival', () => {
  // 5 twice, 9 and 2 once, 7 six times: of ten tokens
  const real = [
    [7, 7, 5, 9, 7],
    [7, 5, 7, 2, 7],
  ];

  test('types that are written of all real ones, and the tail of both', () => {
    // of mass .3: 2 and 9 (one each) are .2 of the text, and 5 would make it .4
    const written = [[7, 7, 9, 100], [7]];
    expect(valuesOf(input(written, real), 0.3)).toEqual({
      'real-token-types': [2 / 4, 5],
      'real-token-types/tail-rate': [1 / 5, 5],
      'real-token-types/tail-rate/of-real': [2 / 10, 10],
    });
    // ties by id: of 2 and 9, 2 alone fits into a tenth
    expect(valuesOf(input(written, real), 0.1)['real-token-types/tail-rate']).toEqual([0, 5]);
  });

  test('nothing of nothing', () => {
    expect(survival.compute(input([[]], real), { mass: 0.05 })).toEqual([]);
    expect(survival.compute(input([[1]], []), { mass: 0.05 })).toEqual([]);
    expect(survival.series!(input([[1]], []), { mass: 0.05 })).toEqual([]);
  });

  test('its histogram says how many types occur how often, so that they can be had back', () => {
    const [series] = survival.series!(input([[1]], real), { mass: 0.05 });
    expect(series).toMatchObject({ edges: [1, 2, 3, 4, 5, 6, 7], counts: [2, 1, 0, 0, 0, 1], below: 0, above: 0, n: 4 });
    expect([...frequenciesFrom(series, 10)]).toEqual([1, 1, 2, 6]);
  });
});

test('a spectrum is exact where types are rare; frequent ones are within 2 %, and all add up', () => {
  const frequencies = Array.from({ length: 2000 }, (_, i) => Math.max(1, Math.floor(90_000 / (i + 1) ** 1.05)));
  const tokens = frequencies.reduce((sum, f) => sum + f, 0);
  const spectrum = spectrumOf(frequencies);
  expect(spectrum.edges.length).toBe(spectrum.counts.length + 1);
  expect(spectrum.edges.every((edge, i) => i === 0 || edge > spectrum.edges[i - 1])).toBe(true);
  const back = frequenciesFrom(spectrum, tokens);
  const ascending = frequencies.toSorted((a, b) => a - b);
  expect(back.length).toBe(ascending.length);
  expect(back.reduce((sum, f) => sum + f, 0)).toBeCloseTo(tokens, 6);
  ascending.forEach((f, i) => {
    if (f < 256) expect(back[i]).toBe(f);
    else expect(Math.abs(back[i] / f - 1)).toBeLessThan(0.025);
  });
});
