/** The best tree of all, by the points of its arcs. */
import { isTree, spanningTree } from '../vote.js';

/** More than all other points together. */
const PENALTY = 1e7;

/**
 * Heads of n words, one of them below the root, n.
 * @param points of each word, n + 1 points of its heads, finite
 */
export function bestTree(points: readonly ArrayLike<number>[]): Int32Array {
  const words = points.length;
  if (words === 1) return Int32Array.of(1);
  const nodes = words + 1;
  const favourite = Int32Array.from(points, (all, i) => {
    let found = -1;
    for (let h = 0; h < nodes; h++) if (h !== i && (found < 0 || all[h] > all[found])) found = h;
    return found;
  });
  if (isTree(favourite, words)) return favourite;
  // where another word below the root costs more than anything else, there is one (Stanojević & Cohen 2021)
  const scores = new Float64Array(words * nodes);
  points.forEach((all, i) => {
    for (let h = 0; h < nodes; h++) scores[i * nodes + h] = h === words ? all[h] - PENALTY : all[h];
  });
  return spanningTree(scores, words);
}
