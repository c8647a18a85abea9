/** How well one histogram covers another, and the other way round, along all mixtures of both. */
import { klDivergence } from './distances.js';

/** Of a number that is a whole and a half, the even one, as Python rounds. */
export function roundHalfEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  return rest === 0.5 ? down + (down % 2) : rest > 0.5 ? down + 1 : down;
}

const POINTS = 25;
const EDGE = 1e-6;

/**
 * Points (exp(-c KL(q|r)), exp(-c KL(p|r))) of the mixtures r = w p + (1 - w) q, from (1, 0) to (0, 1).
 * Source: Pillutla et al. (2021), arXiv:2102.01454; mauve-text 0.4.0.
 * @param p, q weights over the same bins; they need not sum to 1
 */
export function divergenceCurve(p: ArrayLike<number>, q: ArrayLike<number>, scaling: number): [number, number][] {
  const [one, other] = [sharesOf(p), sharesOf(q)];
  const points = Array.from({ length: POINTS }, (_, i): [number, number] => {
    const w = EDGE + (i * (1 - 2 * EDGE)) / (POINTS - 1);
    const mixed = one.map((share, bin) => w * share + (1 - w) * other[bin]);
    return [Math.exp(-scaling * divergence(other, mixed)), Math.exp(-scaling * divergence(one, mixed))];
  });
  return [[1, 0], ...points, [0, 1]];
}

/** Bins that neither has say nothing. */
function divergence(p: Float64Array, r: Float64Array): number {
  return Math.max(0, klDivergence(p, r));
}

const sharesOf = (weights: ArrayLike<number>): Float64Array => {
  const sum = Array.from(weights).reduce((total, weight) => total + weight, 0);
  return Float64Array.from(weights, (weight) => weight / sum);
};

/**
 * Area below the curve in [0, 1]: 1 of equal histograms. In the curve's own order: mauve-text sorts it with an unstable sort, and is wrong
 * where many points tie (.75 for equal histograms of one bin).
 */
export function areaBelow(curve: readonly (readonly [number, number])[]): number {
  let area = 0;
  for (let i = 1; i < curve.length; i++) area += ((curve[i - 1][0] - curve[i][0]) * (curve[i - 1][1] + curve[i][1])) / 2;
  return area;
}

/** Integral of the frontier without exponentials: 0 of equal histograms, 1 of disjoint ones. Source: Liu et al. (2021), arXiv:2106.07898. */
export function frontierIntegral(p: ArrayLike<number>, q: ArrayLike<number>): number {
  const [one, other] = [sharesOf(p), sharesOf(q)];
  return one.reduce((sum, a, bin) => {
    const b = other[bin];
    if (a === 0 || b === 0) return sum + (a + b) / 2;
    if (Math.abs(a - b) <= 1e-8) return sum;
    return sum + (a + b) / 2 - (a * b * (Math.log(a) - Math.log(b))) / (a - b);
  }, 0);
}
