/**
 * ggml's tensor types as float32 (https://github.com/ggml-org/ggml, ggml-quants.c): blocks of small integers with scales. Products
 * are rounded where the C code rounds them, so the numbers are equal bit for bit.
 */
import { fromBfloat16, fromFloat16 } from './halfprecision.js';

export interface GgmlType {
  readonly name: string;
  /** numbers a block */
  readonly block: number;
  /** bytes a block */
  readonly bytes: number;
  readonly dequantise: (bytes: Uint8Array) => Float32Array;
}

const f = Math.fround;

/** A type whose blocks are decoded one by one: block(reader, at, y, to) reads bytes from `at` and writes numbers from `to`. */
function blocks(name: string, block: number, bytes: number, decode: (b: Block, y: Float32Array, to: number) => void): GgmlType {
  const dequantise = (data: Uint8Array): Float32Array => {
    const count = data.length / bytes;
    const y = new Float32Array(count * block);
    const reader = new Block(data);
    for (let i = 0; i < count; i++) {
      reader.at = i * bytes;
      decode(reader, y, i * block);
    }
    return y;
  };
  return { name, block, bytes, dequantise };
}

/** The bytes of one block, by their offset in it. */
class Block {
  at = 0;
  readonly #view: DataView;
  constructor(readonly data: Uint8Array) {
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }
  u8(i: number): number {
    return this.data[this.at + i];
  }
  i8(i: number): number {
    return this.#view.getInt8(this.at + i);
  }
  u32(i: number): number {
    return this.#view.getUint32(this.at + i, true);
  }
  f16(i: number): number {
    return fromFloat16(Uint16Array.of(this.#view.getUint16(this.at + i, true)))[0];
  }
}

/** A copy that is aligned for the typed array over it. */
const aligned = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

/** Four or five bits a number, 32 numbers: the low halves of 16 bytes, then the high halves; `high` is the fifth bit. */
function nibbles(b: Block, qs: number, high: number | undefined, value: (q: number, j: number) => void): void {
  const fifth = high === undefined ? 0 : b.u32(high);
  for (let j = 0; j < 16; j++) {
    value((b.u8(qs + j) & 15) | (((fifth >>> j) & 1) << 4), j);
    value((b.u8(qs + j) >> 4) | (((fifth >>> (j + 16)) & 1) << 4), j + 16);
  }
}

/** Scale and minimum number j (of 8, 6 bits each) of Q4_K and Q5_K, packed into 12 bytes from `s` on. */
function scaleMin(b: Block, s: number, j: number): readonly [number, number] {
  if (j < 4) return [b.u8(s + j) & 63, b.u8(s + j + 4) & 63];
  return [(b.u8(s + j + 4) & 15) | ((b.u8(s + j - 4) >> 6) << 4), (b.u8(s + j + 4) >> 4) | ((b.u8(s + j) >> 6) << 4)];
}

/** Scale number j (of 16, 6 bits each, less 32) of Q3_K, packed into 12 bytes from `s` on. */
function scale3(b: Block, s: number, j: number): number {
  const low = j < 8 ? b.u8(s + j) & 15 : b.u8(s + j - 8) >> 4;
  return (low | (((b.u8(s + 8 + (j % 4)) >> (2 * (j >> 2))) & 3) << 4)) - 32;
}

/** The types that files of models carry, by ggml's number. */
export const GGML_TYPES: Readonly<Record<number, GgmlType>> = {
  0: { name: 'F32', block: 1, bytes: 4, dequantise: (bytes) => new Float32Array(aligned(bytes)) },
  1: { name: 'F16', block: 1, bytes: 2, dequantise: (bytes) => fromFloat16(new Uint16Array(aligned(bytes))) },
  30: { name: 'BF16', block: 1, bytes: 2, dequantise: (bytes) => fromBfloat16(new Uint16Array(aligned(bytes))) },
  2: blocks('Q4_0', 32, 18, (b, y, to) => {
    const d = b.f16(0);
    nibbles(b, 2, undefined, (q, j) => (y[to + j] = (q - 8) * d));
  }),
  3: blocks('Q4_1', 32, 20, (b, y, to) => {
    const [d, m] = [b.f16(0), b.f16(2)];
    nibbles(b, 4, undefined, (q, j) => (y[to + j] = f(q * d) + m));
  }),
  6: blocks('Q5_0', 32, 22, (b, y, to) => {
    const d = b.f16(0);
    nibbles(b, 6, 2, (q, j) => (y[to + j] = (q - 16) * d));
  }),
  7: blocks('Q5_1', 32, 24, (b, y, to) => {
    const [d, m] = [b.f16(0), b.f16(2)];
    nibbles(b, 8, 4, (q, j) => (y[to + j] = f(q * d) + m));
  }),
  8: blocks('Q8_0', 32, 34, (b, y, to) => {
    const d = b.f16(0);
    for (let j = 0; j < 32; j++) y[to + j] = b.i8(2 + j) * d;
  }),
  10: blocks('Q2_K', 256, 84, (b, y, to) => {
    const [d, min] = [b.f16(80), b.f16(82)];
    for (let j = 0; j < 256; j++) {
      const sc = b.u8(j >> 4);
      const q = (b.u8(16 + (j >> 7) * 32 + (j & 31)) >> (2 * ((j >> 5) & 3))) & 3;
      y[to + j] = f(f(d * (sc & 15)) * q) - f(min * (sc >> 4));
    }
  }),
  11: blocks('Q3_K', 256, 110, (b, y, to) => {
    const d = b.f16(108);
    for (let j = 0; j < 256; j++) {
      const low = (b.u8(32 + (j >> 7) * 32 + (j & 31)) >> (2 * ((j >> 5) & 3))) & 3;
      const q = low - ((b.u8(j & 31) >> (j >> 5)) & 1 ? 0 : 4);
      y[to + j] = f(d * scale3(b, 96, j >> 4)) * q;
    }
  }),
  12: blocks('Q4_K', 256, 144, (b, y, to) => {
    const [d, min] = [b.f16(0), b.f16(2)];
    for (let j = 0; j < 256; j++) {
      const [sc, m] = scaleMin(b, 4, j >> 5);
      const q = (b.u8(16 + (j >> 6) * 32 + (j & 31)) >> (4 * ((j >> 5) & 1))) & 15;
      y[to + j] = f(f(d * sc) * q) - f(min * m);
    }
  }),
  13: blocks('Q5_K', 256, 176, (b, y, to) => {
    const [d, min] = [b.f16(0), b.f16(2)];
    for (let j = 0; j < 256; j++) {
      const [sc, m] = scaleMin(b, 4, j >> 5);
      const low = (b.u8(48 + (j >> 6) * 32 + (j & 31)) >> (4 * ((j >> 5) & 1))) & 15;
      const q = low | (((b.u8(16 + (j & 31)) >> (j >> 5)) & 1) << 4);
      y[to + j] = f(f(d * sc) * q) - f(min * m);
    }
  }),
  14: blocks('Q6_K', 256, 210, (b, y, to) => {
    const d = b.f16(208);
    for (let j = 0; j < 256; j++) {
      const half = j >> 7;
      const low = (b.u8(half * 64 + (j & 63)) >> (4 * ((j >> 6) & 1))) & 15;
      const high = (b.u8(128 + half * 32 + (j & 31)) >> (2 * ((j >> 5) & 3))) & 3;
      y[to + j] = f(d * b.i8(192 + (j >> 4))) * ((low | (high << 4)) - 32);
    }
  }),
};
