/** Matrix products in the form that onnxruntime's CPU computes fastest. */
import type { Graph } from './graph.js';
import type { Value } from './types.js';

/** Columns from which on a product reads a transposed left factor several times over. */
const WIDE = 512;

/**
 * alpha · Aᵀ B of a (K, M) and b (K, N), as weight gradients are: M·N numbers from K rows. onnxruntime transposes a left factor while
 * it multiplies, anew for every 128 columns of the result. Where there are many, transposing the narrower factor beforehand is a tenth
 * to a quarter faster, and where that is b, transposing the result back too. (Session keeps onnxruntime from undoing it.)
 */
export function transposedProduct(g: Graph, a: Value, b: Value, alpha = 1): Value {
  const [m, n] = [a.shape[1] as number, b.shape[1] as number];
  const turned = (x: Value): Value => g.transpose(x, [1, 0]);
  if (Math.min(m, n) < WIDE) return g.op('Gemm', [a, b], { transA: true, alpha });
  if (m <= n) return g.op('Gemm', [turned(a), b], { alpha });
  return turned(g.op('Gemm', [turned(b), a], { alpha }));
}
