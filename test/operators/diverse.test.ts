/** Farthest-point selection: Gonzalez's bound against all choices, the entropy that it raises, and maximal marginal relevance by hand. */
import { describe, expect, test } from '@jest/globals';
import { featuresOf } from '../../observations/detector/features.js';
import { diverse } from '../../operators/diverse.js';
import type { Text } from '../../operators/types.js';
import { drawsOf, noDraw } from '../support/draws.js';

const text = (...tokens: number[]): Text => ({ text: '', tokens });
const chosen = (texts: readonly Text[], settings: object, nll_sum: readonly number[] = []): number[] => {
  const verdicts = diverse.apply(
    texts,
    diverse.settings.parse(settings),
    { 'likelihood/first': { columns: { nll_sum } } },
    noDraw,
  );
  return texts.flatMap((_, i) => (verdicts[i] === 'keep' ? [i] : []));
};

/** Texts of six words out of five, Zipf-like, so that some are much alike. */
function world(seed: number, count: number): Text[] {
  const draw = drawsOf(seed);
  return Array.from({ length: count }, (_, i) => text(...Array.from({ length: 6 }, (_, k) => Math.floor(5 * draw(i, k) ** 2))));
}
/** Euclidean, between vectors of single words and pairs. */
function distances(texts: readonly Text[]): number[][] {
  const vectors = texts.map(({ tokens }) => featuresOf(tokens, 2, 18));
  const dot = (a: number, b: number) => vectors[a].at.reduce((sum, place, k) => { const j = vectors[b].at.indexOf(place); return sum + (j < 0 ? 0 : vectors[a].value[k] * vectors[b].value[j]); }, 0); // prettier-ignore
  return texts.map((_, a) => texts.map((_, b) => Math.sqrt(Math.max(0, 2 - 2 * dot(a, b)))));
}
const least = (some: readonly number[], d: readonly number[][]) => Math.min(...some.flatMap((a) => some.filter((b) => b > a).map((b) => d[a][b]))); // prettier-ignore
function* subsets(n: number, k: number, from = 0): Generator<number[]> {
  if (k === 0) yield [];
  else for (let i = from; i <= n - k; i++) for (const rest of subsets(n, k - 1, i + 1)) yield [i, ...rest];
}

describe('diverse', () => {
  test('no other choice of four of twelve has more than twice the least distance of ours', () => {
    for (let seed = 0; seed < 10; seed++) {
      const texts = world(seed, 12);
      const d = distances(texts);
      const ours = chosen(texts, { share: 1 / 3 });
      expect(ours).toHaveLength(4);
      const best = Math.max(...[...subsets(12, 4)].map((some) => least(some, d)));
      expect(2 * least(ours, d)).toBeGreaterThanOrEqual(best - 1e-6);
      // and it is greedy to the letter: each is the farthest from those before it
      const order = [0];
      while (order.length < 4) {
        const far = texts.map((_, i) => (order.includes(i) ? -1 : Math.min(...order.map((j) => d[i][j]))));
        order.push(far.findIndex((x) => x >= Math.max(...far) - 1e-9));
      }
      expect(least(ours, d)).toBeCloseTo(least(order, d), 6);
    }
  });

  test('the entropy of what stays (Kozachenko-Leonenko, up to constants) is higher than by lot, with a 95 % interval', () => {
    const entropy = (some: readonly number[], d: readonly number[][]) => some.reduce((sum, a) => sum + Math.log(Math.min(...some.filter((b) => b !== a).map((b) => d[a][b])) + 1e-3), 0) / some.length; // prettier-ignore
    const gains = Array.from({ length: 12 }, (_, seed) => {
      const texts = world(100 + seed, 40);
      const d = distances(texts);
      const draw = drawsOf(200 + seed);
      const byLot = Array.from(texts.keys()).sort((a, b) => draw(a) - draw(b)).slice(0, 10); // prettier-ignore
      return entropy(chosen(texts, { share: 0.25 }), d) - entropy(byLot, d);
    });
    const mean = gains.reduce((sum, x) => sum + x, 0) / gains.length;
    const sd = Math.sqrt(gains.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (gains.length - 1));
    // Student's t of eleven degrees of freedom
    expect(mean - (2.201 * sd) / Math.sqrt(gains.length)).toBeGreaterThan(0);
  });

  test('what is there twice is chosen last; with relevance the best comes first, and its like is worth less', () => {
    const [a, b, c] = [text(1, 2, 3), text(4, 5, 6), text(7, 8, 9)];
    expect(chosen([a, a, b, c], { share: 0.75 })).toEqual([0, 2, 3]);
    const by = { relevance: { column: 'nll_sum' } };
    // a is worth 1, its twin .9, b .5 and c nothing: the twin loses half of what it resembles
    expect(chosen([a, a, b, c], { share: 0.25, ...by }, [10, 9, 5, 0])).toEqual([0]);
    expect(chosen([a, a, b, c], { share: 0.5, ...by }, [10, 9, 5, 0])).toEqual([0, 2]);
    expect(chosen([a, a, b, c], { share: 0.5, relevance: { column: 'nll_sum', weight: 0.9 } }, [10, 9, 5, 0])).toEqual([0, 1]);
    expect(chosen([a, a, b, c], { share: 0.5, relevance: { column: 'nll_sum', prefer: 'lowest' } }, [10, 9, 5, 0])).toEqual([
      2, 3,
    ]);
    expect(chosen([a, a, b, c], { share: 0.25, ...by }, [NaN, NaN, NaN, -1])).toEqual([0]);
    expect(diverse.needs!(diverse.settings.parse({ share: 0.5, ...by }))).toEqual([
      { observation: 'likelihood', under: 'first' },
    ]);
    expect(diverse.needs!(diverse.settings.parse({ share: 0.5 }))).toEqual([]);
  });
});
