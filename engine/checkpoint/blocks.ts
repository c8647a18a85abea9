/**
 * Matrices as blocks of 32 integers of 8 or 4 bits with a float32 scale each, in the layout of onnxruntime's MatMulNBits. A number
 * is scale · (integer − 2^(bits − 1)). Rounding is to the nearest, as in ggml's Q8_0 and Q4_0: in 8 bits the largest number of a block
 * becomes ±127, in 4 bits it becomes −8, whatever its sign (https://github.com/ggml-org/ggml, quantize_row_q4_0_ref).
 */
import { BLOCK } from '../graph/stored.js';
import { fromFloat16 } from './halfprecision.js';

export type Bits = 4 | 8;

export interface Blocks {
  readonly bits: Bits;
  /** (rows, columns / 32, 32 · bits / 8); 4 bits: two a byte, the first one low */
  readonly blocks: Uint8Array;
  /** (rows, columns / 32) */
  readonly scales: Float32Array;
}

/** @param data rows of a multiple of 32 numbers */
export function quantizeBlocks(data: Float32Array, bits: Bits): Blocks {
  const count = data.length / BLOCK;
  const bytes = (BLOCK * bits) / 8;
  const blocks = new Uint8Array(count * bytes);
  const scales = new Float32Array(count);
  for (let b = 0; b < count; b++) {
    const from = b * BLOCK;
    let largest = 0; // with its sign
    for (let i = from; i < from + BLOCK; i++) if (Math.abs(data[i]) > Math.abs(largest)) largest = data[i];
    scales[b] = bits === 8 ? Math.abs(largest) / 127 : largest / -8;
    const inverse = scales[b] === 0 ? 0 : 1 / scales[b];
    if (bits === 8) {
      for (let i = 0; i < BLOCK; i++) blocks[b * bytes + i] = Math.round(data[from + i] * inverse) + 128;
      continue;
    }
    for (let i = 0; i < BLOCK; i += 2) {
      const low = Math.min(15, Math.floor(data[from + i] * inverse + 8.5));
      const high = Math.min(15, Math.floor(data[from + i + 1] * inverse + 8.5));
      blocks[b * bytes + i / 2] = low | (high << 4);
    }
  }
  return { bits, blocks, scales };
}

/** ggml's Q8_0 and Q4_0: the same numbers, block for block. */
export function ggmlBlocks(data: Uint8Array, bits: Bits): Blocks {
  const half = (BLOCK * bits) / 8;
  const count = data.length / (2 + half);
  const view = new DataView(data.buffer, data.byteOffset);
  const blocks = new Uint8Array(count * half);
  const halves = new Uint16Array(count);
  for (let b = 0; b < count; b++) {
    const from = b * (2 + half);
    halves[b] = view.getUint16(from, true);
    const q = data.subarray(from + 2, from + 2 + half);
    const out = blocks.subarray(b * half, (b + 1) * half);
    if (bits === 8) for (let i = 0; i < BLOCK; i++) out[i] = q[i] ^ 0x80;
    // ggml has number i in the low half of byte i, and number i + 16 in the high one.
    else
      for (let i = 0; i < 8; i++) {
        out[i] = (q[2 * i] & 15) | ((q[2 * i + 1] & 15) << 4);
        out[i + 8] = (q[2 * i] >> 4) | (q[2 * i + 1] & 0xf0);
      }
  }
  return { bits, blocks, scales: fromFloat16(halves) };
}

export function dequantizeBlocks({ bits, blocks, scales }: Blocks): Float32Array {
  const data = new Float32Array(scales.length * BLOCK);
  for (let i = 0; i < data.length; i++) {
    const q = bits === 8 ? blocks[i] - 128 : ((blocks[i >> 1] >> (4 * (i & 1))) & 15) - 8;
    data[i] = scales[(i / BLOCK) | 0] * q;
  }
  return data;
}
