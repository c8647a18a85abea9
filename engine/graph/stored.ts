/**
 * Frozen matrices that are not kept as float32: half precision, or blocks of 8- or 4-bit integers with a scale each. To a model and to
 * differentiation such a matrix W (rows, columns) is a float32 value like any other. Only when a node that uses it is written
 * does the storage matter: x Wᵀ becomes one MatMulNBits; every other use makes its own float32 copy right before (Graph.after), so
 * that no copy outlives one layer's product. Gradients through x follow from the products' own rows; W has none.
 */
import type { Graph } from './graph.js';
import type { Attributes, Op } from './ops.js';
import type { Lowered, Value } from './types.js';

/** Numbers a block: along a row, W's last dimension as it is stored. */
export const BLOCK = 32;

export type StoredMatrix = { readonly rows: number; readonly columns: number; readonly turned: boolean } & (
  | {
      /** the matrix in half precision; float16 or bfloat16 (rows, columns) */
      readonly kind: 'half';
      readonly halves: Value;
    }
  | {
      readonly kind: 'blocks';
      readonly bits: 4 | 8;
      /** (rows, columns / BLOCK, BLOCK · bits / 8) uint8: integers with the zero point 2^(bits − 1); 4 bits: the first one low */
      readonly blocks: Value;
      /** of 4 bits: the same bytes as (rows, columns) uint4, mapped once more */
      readonly numbers?: Value;
      /** (rows, columns / BLOCK) float32 */
      readonly scales: Value;
      /** of x Wᵀ, see MatMulNBits */
      readonly accuracy: 0 | 4;
    }
);

/**
 * How a node with a stored input is written.
 * @throws Error for an operator that cannot take one
 */
export function lower<O extends Op>(g: Graph, op: O, inputs: readonly Value[], attributes: Attributes[O]): Lowered {
  if (op === 'Gemm' && inputs[1].stored !== undefined) return lowerGemm(g, inputs, attributes as Attributes['Gemm']);
  if (op === 'Gather' && inputs[0].stored !== undefined && !inputs[0].stored.turned)
    return lowerGather(g, inputs[0].stored, inputs[1]);
  throw new Error(`internal: ${op} cannot take a stored matrix`);
}

function lowerGemm(g: Graph, [x, w, ...bias]: readonly Value[], attributes: Attributes['Gemm']): Lowered {
  const matrix = w.stored!;
  const across = (attributes.transB ?? false) !== matrix.turned; // x Wᵀ, with W as it is stored
  if (matrix.kind === 'blocks' && across && attributes.transA !== true && (attributes.alpha ?? 1) === 1) {
    const { bits, blocks, scales, accuracy } = matrix;
    const product: Lowered<'MatMulNBits'> = {
      op: 'MatMulNBits',
      inputs: [x, blocks, scales],
      attributes: { bits, blockSize: BLOCK, accuracy },
    };
    if (bias.length === 0) return product as unknown as Lowered;
    return { op: 'Add', inputs: [g.op(product.op, product.inputs, product.attributes), ...bias], attributes: {} };
  }
  return { op: 'Gemm', inputs: [x, floats(g, matrix, x), ...bias], attributes: { ...attributes, transB: across } };
}

/** The matrix as float32 (rows, columns), made once `other` is there. */
function floats(g: Graph, matrix: StoredMatrix, other: Value): Value {
  if (matrix.kind === 'half') return g.op('Cast', [g.after(matrix.halves, other)], { to: 'float32' });
  const { blocks, scales, rows, columns } = matrix;
  const numbers = matrix.numbers ?? g.after(blocks, other, [rows, columns]);
  const zeroPoints = g.filled(numbers.dtype, scales.shape as number[], numbers.dtype === 'uint8' ? 0x80 : 0x88);
  return g.op('DequantizeLinear', [numbers, g.after(scales, other), zeroPoints], { blockSize: BLOCK });
}

/** Rows of the matrix: indices (…) -> (…, columns). */
function lowerGather(g: Graph, matrix: StoredMatrix, indices: Value): Lowered {
  if (matrix.kind === 'half') return { op: 'Cast', inputs: [g.gather(matrix.halves, indices)], attributes: { to: 'float32' } };
  if (matrix.bits !== 8) throw new Error('internal: a lookup table is stored in 8 bits');
  const numbers = g.op('Cast', [g.gather(matrix.blocks, indices)], { to: 'float32' }); // (…, columns / BLOCK, BLOCK)
  const count = matrix.columns / BLOCK;
  const scales = g.reshape(g.gather(matrix.scales, indices), [-1, count, 1]);
  const rows = g.mul(g.sub(g.reshape(numbers, [-1, count, BLOCK]), g.scalar(128)), scales);
  return { op: 'Reshape', inputs: [rows, g.ints([-1, matrix.columns])], attributes: {} };
}
