/**
 * Attention of a step's few new tokens to the cache. onnxruntime multiplies a single row with kernels of their own, which read keys
 * and values where they lie; other products copy them into another order first, which takes longer than a few rows' arithmetic. So
 * a few rows are a batch of products of one row each, over the same keys or values.
 */
import type { Graph } from '../graph/graph.js';
import type { Value } from '../graph/types.js';
import { attentionScores, attentionSum, softcapped } from '../models/blocks.js';

/** Rows that a key head serves in a step, from which on one product of all is faster. */
const MANY_ROWS = 9;

/** As attentionScores: queries (B, heads, T, headSize), keys (B, keyHeads, S, headSize) -> (B, heads, T, S) */
export function cachedScores(g: Graph, queries: Value, keys: Value, alpha: number, softcap?: number): Value {
  const [, heads, time, headSize] = queries.shape as number[];
  const keyHeads = keys.shape[1] as number;
  const rows = (heads / keyHeads) * time;
  if (rows >= MANY_ROWS) return attentionScores(g, queries, keys, alpha, softcap);
  // The one-row kernel takes no factor.
  const single = g.reshape(g.scale(queries, alpha), [-1, keyHeads, rows, 1, headSize]);
  const products = g.matmul(single, shared(g, keys), { transB: true }); // (B, keyHeads, rows, 1, S)
  return softcapped(g, g.reshape(products, [0, heads, time, -1]), softcap);
}

/** As attentionSum: weights (B, heads, T, S), values (B, keyHeads, S, headSize) -> (B, heads, T, headSize) */
export function cachedSum(g: Graph, weights: Value, values: Value): Value {
  const [, heads, time] = weights.shape as number[];
  const [, keyHeads, , headSize] = values.shape as number[];
  const rows = (heads / keyHeads) * time;
  if (rows >= MANY_ROWS) return attentionSum(g, weights, values);
  const single = g.reshape(weights, [0, keyHeads, rows, 1, -1]);
  return g.reshape(g.matmul(single, shared(g, values)), [-1, heads, time, headSize]);
}

/** What each of T tokens scores itself: queries (B, heads, T, headSize), keys (B, keyHeads, T, headSize) -> (B, heads, T, 1) */
export function ownScores(g: Graph, queries: Value, keys: Value, alpha: number, softcap?: number): Value {
  const [, heads, time, headSize] = queries.shape as number[];
  const keyHeads = keys.shape[1] as number;
  const grouped = g.reshape(queries, [-1, keyHeads, heads / keyHeads, time, headSize]);
  const products = g.reduceSum(g.mul(grouped, shared(g, keys)), [-1], true); // (B, keyHeads, heads / keyHeads, T, 1)
  return softcapped(g, g.scale(g.reshape(products, [-1, heads, time, 1]), alpha), softcap);
}

/** Each token's value times its weight: weights (B, heads, T, 1), values (B, keyHeads, T, headSize) -> (B, heads, T, headSize) */
export function ownSum(g: Graph, weights: Value, values: Value): Value {
  const [, heads, time] = weights.shape as number[];
  const [, keyHeads, , headSize] = values.shape as number[];
  const grouped = g.reshape(weights, [-1, keyHeads, heads / keyHeads, time, 1]);
  return g.reshape(g.mul(grouped, shared(g, values)), [-1, heads, time, headSize]);
}

/** (B, keyHeads, S, headSize) -> (B, keyHeads, 1, S, headSize) */
function shared(g: Graph, x: Value): Value {
  return g.reshape(x, [0, 0, 1, -1, x.shape[3] as number]);
}
