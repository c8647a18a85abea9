/**
 * The output layer and its loss as one piece, because together they are cheaper: the softmax P is the cross-entropy's own gradient but
 * for the target's column, so that column is subtracted where it is small, in the hidden states and in the rows of the output
 * weight, and no one-hot matrix (N, V) is ever made. With soft-capped logits all of it is scaled by the cap's slope. Other losses put
 * something else in P's place (losses/).
 */
import type { Seed } from '../graph/backward.js';
import type { Graph } from '../graph/graph.js';
import { transposedProduct } from '../graph/products.js';
import type { Value } from '../graph/types.js';
import { softcapped } from '../models/blocks.js';
import { logitGradient, type LossPlan } from './losses/index.js';
import type { Predicted } from './losses/types.js';

export interface TokenNll extends Predicted {
  /** (N, V) d capped / d logit, where logits are soft-capped */
  readonly slope?: Value;
}

/** Negative log-likelihood of each target: hidden (N, d), head (V, d), targets (N). */
export function tokenNll(g: Graph, hidden: Value, head: Value, targets: Value, softcap?: number): TokenNll {
  const raw = g.op('Gemm', [hidden, head], { transB: true }); // (N, V)
  const logits = softcapped(g, raw, softcap);
  const share = softcap === undefined ? undefined : g.scale(logits, 1 / softcap); // tanh(raw / cap)
  const probabilities = g.op('Softmax', [logits], { axis: -1 }); // (N, V)
  // log Σ exp = max − log max P: two reductions instead of a second pass of exponentials
  const logSum = g.sub(g.reduceMax(logits, [1], true), g.op('Log', [g.reduceMax(probabilities, [1], true)], {})); // (N, 1)
  const chosen = g.op('GatherElements', [logits, g.reshape(targets, [-1, 1])], { axis: 1 }); // (N, 1)
  return {
    nll: g.reshape(g.sub(logSum, chosen), [-1]),
    logits,
    probabilities,
    logSum,
    vocabularySize: head.shape[0] as number,
    slope: share && g.sub(g.scalar(1), g.mul(share, share)),
  };
}

/**
 * Gradients of Σ weights · loss with respect to hidden and head, as seeds of the walk back.
 * @param weights (N, 1): what a token counts for in the loss; 0 where there is no target
 * @param loss of a token; absent: the nll
 */
export function lossSeeds(
  g: Graph,
  hidden: Value,
  head: Value,
  targets: Value,
  weights: Value,
  nll: TokenNll,
  loss?: LossPlan,
): Seed[] {
  const { slope } = nll;
  const { expected, target, count } = logitGradient(g, nll, loss);
  const counted = count === undefined ? weights : g.mul(weights, count); // (N, 1)
  const sloped = slope === undefined ? expected : g.mul(expected, slope); // (N, V)
  const atTarget = (rows: Value): Value => {
    const steep =
      slope === undefined ? rows : g.mul(rows, g.op('GatherElements', [slope, g.reshape(targets, [-1, 1])], { axis: 1 }));
    return target === 1 ? steep : g.scale(steep, target);
  };
  const mean = g.op('Gemm', [sloped, head], {}); // Σ_v expected_v E_v (N, d)
  const dHidden = g.mul(g.sub(mean, atTarget(g.gather(head, targets))), counted); // (N, d)
  const weighted = g.mul(hidden, counted); // (N, d)
  return [
    { value: hidden, gradient: dHidden },
    { value: head, gradient: transposedProduct(g, sloped, weighted) }, // (V, d)
    { value: head, gradient: { indices: targets, rows: g.neg(atTarget(weighted)) } },
  ];
}
