/** Numbers for how unlike parse trees are, from their kernel. */
import { normalQuantile } from '../statistics/distributions.js';
import { kernelRows, kernelSums, rowDistances, type Tree } from './weisfeiler-lehman.js';

const meanOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * Rows of the kernel matrix as points of as many dimensions as there are trees: the mean distance of two of them, each to itself (0)
 * included, and the mean distance to their mean. Both grow with the square root of the number of trees.
 */
export function rowSpread(trees: readonly Tree[], depth: number): { readonly pairs: number; readonly centroid: number } {
  const { mean, centroid } = rowDistances(kernelRows(trees, depth));
  return { pairs: meanOf(mean), centroid: meanOf(centroid) };
}

/**
 * Mean of 1 − kernel over pairs of different trees, 0 to 1, and the half width of its 95 % interval by the jackknife: a tree's pairs
 * depend on each other, so trees are left out, not pairs. Linear in the number of words. @throws for fewer than two trees; the margin needs three
 */
export function dissimilarity(trees: readonly Tree[], depth: number): { readonly mean: number; readonly margin95: number } {
  const n = trees.length;
  if (n < 2) throw new RangeError(`no pair in ${n} trees`);
  const toOthers = kernelSums(kernelRows(trees, depth)).map((sum) => sum - 1);
  const all = toOthers.reduce((sum, value) => sum + value, 0);
  const without = toOthers.map((own) => 1 - (all - 2 * own) / ((n - 1) * (n - 2)));
  const middle = meanOf(without);
  const squares = without.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return { mean: 1 - all / (n * (n - 1)), margin95: normalQuantile(0.975) * Math.sqrt(((n - 1) / n) * squares) };
}
