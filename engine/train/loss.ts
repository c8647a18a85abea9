/**
 * The output layer and its cross-entropy as one piece, because together they are cheaper: the softmax P is its own gradient but
 * for the target's column, so that column is subtracted where it is small, in the hidden states and in the rows of the output
 * weight, and no one-hot matrix (N, V) is ever made. With soft-capped logits all of it is scaled by the cap's slope.
 */
import type { Seed } from '../graph/backward.js';
import type { Graph } from '../graph/graph.js';
import { transposedProduct } from '../graph/products.js';
import type { Value } from '../graph/types.js';
import { softcapped } from '../models/blocks.js';

export interface TokenNll {
  /** (N) nats */
  readonly nll: Value;
  /** (N, V) */
  readonly probabilities: Value;
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
    probabilities,
    slope: share && g.sub(g.scalar(1), g.mul(share, share)),
  };
}

/**
 * Gradients of Σ weights · nll with respect to hidden and head, as seeds of the walk back.
 * @param weights (N, 1): what a token counts for in the loss; 0 where there is no target
 */
export function nllSeeds(g: Graph, hidden: Value, head: Value, targets: Value, weights: Value, nll: TokenNll): Seed[] {
  const { probabilities, slope } = nll;
  const sloped = slope === undefined ? probabilities : g.mul(probabilities, slope); // (N, V)
  const atTarget = (rows: Value): Value =>
    slope === undefined ? rows : g.mul(rows, g.op('GatherElements', [slope, g.reshape(targets, [-1, 1])], { axis: 1 }));
  const expected = g.op('Gemm', [sloped, head], {}); // Σ_v P_v E_v (N, d)
  const dHidden = g.mul(g.sub(expected, atTarget(g.gather(head, targets))), weights); // (N, d)
  const weighted = g.mul(hidden, weights); // (N, d)
  return [
    { value: hidden, gradient: dHidden },
    { value: head, gradient: transposedProduct(g, sloped, weighted) }, // (V, d)
    { value: head, gradient: { indices: targets, rows: g.neg(atTarget(weighted)) } },
  ];
}
