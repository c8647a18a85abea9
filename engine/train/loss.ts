/**
 * The output layer and its cross-entropy as one piece, because together they are cheaper: the softmax P is its own gradient but
 * for the target's column, so that column is subtracted where it is small, in the hidden states and in the rows of the output
 * weight, and no one-hot matrix (N, V) is ever made.
 */
import type { Seed } from '../graph/backward.js';
import type { Graph } from '../graph/graph.js';
import type { Value } from '../graph/types.js';

/** Negative log-likelihood in nats of each target: hidden (N, d), head (V, d), targets (N) -> (N). */
export function tokenNll(
  g: Graph,
  hidden: Value,
  head: Value,
  targets: Value,
): { readonly nll: Value; readonly probabilities: Value } {
  const logits = g.op('Gemm', [hidden, head], { transB: true }); // (N, V)
  const probabilities = g.op('Softmax', [logits], { axis: -1 }); // (N, V)
  // log Σ exp = max − log max P: two reductions instead of a second pass of exponentials
  const logSum = g.sub(g.reduceMax(logits, [1], true), g.op('Log', [g.reduceMax(probabilities, [1], true)], {})); // (N, 1)
  const chosen = g.op('GatherElements', [logits, g.reshape(targets, [-1, 1])], { axis: 1 }); // (N, 1)
  return { nll: g.reshape(g.sub(logSum, chosen), [-1]), probabilities };
}

/**
 * Gradients of Σ weights · nll with respect to hidden and head, as seeds of the walk back.
 * @param weights (N, 1): what a token counts for in the loss; 0 where there is no target
 */
export function nllSeeds(g: Graph, hidden: Value, head: Value, targets: Value, weights: Value, probabilities: Value): Seed[] {
  const expected = g.op('Gemm', [probabilities, head], {}); // Σ_v P_v E_v (N, d)
  const dHidden = g.mul(g.sub(expected, g.gather(head, targets)), weights); // (N, d)
  const weighted = g.mul(hidden, weights); // (N, d)
  return [
    { value: hidden, gradient: dHidden },
    { value: head, gradient: g.op('Gemm', [probabilities, weighted], { transA: true }) }, // (V, d)
    { value: head, gradient: { indices: targets, rows: g.neg(weighted) } },
  ];
}
