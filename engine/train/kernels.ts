/**
 * The trainer's inner loops in WebAssembly: those that all optimisers share and dropout's. They use SIMD and update weights in place, where a
 * graph would copy every tensor out. One thread and a fixed order, so the result never depends on the machine's thread count.
 */
import { assemble, f32, f32x4, f64, f64x2, get, i32, i64, select, set, v128, whileBelow, type Code, type Func } from './wasm.js';

/** Bytes of one SIMD vector; lengths are multiples of it. */
export const VECTOR = 16;

/** Functions over one memory; pointers and lengths in bytes, multiples of VECTOR. */
export interface Kernels {
  /** Σ x², accumulated in float64 */
  sumOfSquares(x: number, end: number): number;
  /** y += x */
  add(y: number, x: number, end: number): void;
  /**
   * Dropout masks: blocks of four float32 from Philox4x32-10 with counter (0, 1, 2 …, row, site, step), each 0 where its 32-bit
   * number is below `threshold`, else `scale`.
   */
  dropoutMask(
    out: number,
    end: number,
    row: number,
    site: number,
    step: number,
    k0: number,
    k1: number,
    threshold: number,
    scale: number,
  ): void;
}

/** A pointer to the next vector. */
export const advance = (pointer: number): Code => set(pointer, i32.add(get(pointer), i32.const(VECTOR)));

function sumOfSquares(): Code {
  const [x, end, low, high, value] = [0, 1, 2, 3, 4];
  const square = (half: Code): Code => f64x2.mul(half, half);
  const loop = whileBelow(x, end, [
    ...set(value, v128.load(get(x))),
    ...set(low, f64x2.add(get(low), square(f64x2.promoteLow(get(value))))),
    ...set(high, f64x2.add(get(high), square(f64x2.promoteLow(v128.high(get(value)))))),
    ...advance(x),
  ]);
  const sum = f64x2.add(get(low), get(high));
  return [...loop, ...f64.add(f64x2.lane(sum, 0), f64x2.lane(sum, 1))];
}

function add(): Code {
  const [y, x, end] = [0, 1, 2];
  return whileBelow(y, end, [
    ...v128.store(get(y), f32x4.add(v128.load(get(y)), v128.load(get(x)))),
    ...advance(y),
    ...advance(x),
  ]);
}

/** Philox's multipliers and key increments (Salmon et al. 2011), as in common/philox.ts. */
const MULTIPLIERS = [0xd2511f53n, 0xcd9e8d57n];
const WEYL = [0x9e3779b9, 0xbb67ae85];

function dropoutMask(): Code {
  const [out, end, row, site, step, k0, k1, threshold, scale] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  const [block, ...x] = [9, 10, 11, 12, 13];
  const products = [14, 15];
  const high = (product: number): Code => i64.low(i64.shiftRight(get(product), i64.const(32n)));
  const round = (r: number): Code => [
    ...[0, 1].flatMap((half) => set(products[half], i64.mul(i64.fromU32(get(x[2 * half])), i64.const(MULTIPLIERS[half])))),
    ...set(x[0], i32.xor(high(products[1]), i32.xor(get(x[1]), i32.add(get(k0), i32.const(Math.imul(r, WEYL[0])))))),
    ...set(x[2], i32.xor(high(products[0]), i32.xor(get(x[3]), i32.add(get(k1), i32.const(Math.imul(r, WEYL[1])))))),
    ...set(x[1], i64.low(get(products[1]))),
    ...set(x[3], i64.low(get(products[0]))),
  ];
  return whileBelow(out, end, [
    ...[block, row, site, step].flatMap((counter, i) => set(x[i], get(counter))),
    ...Array.from({ length: 10 }, (_, r) => round(r)).flat(),
    ...x.flatMap((word, i) => f32.store(get(out), select(f32.const(0), get(scale), i32.less(get(word), get(threshold))), 4 * i)),
    ...set(block, i32.add(get(block), i32.const(1))),
    ...advance(out),
  ]);
}

const NONE: readonly Func[] = [];
const COMMON: readonly Func[] = [
  { name: 'sumOfSquares', params: ['i32', 'i32'], result: 'f64', locals: ['v128', 'v128', 'v128'], body: sumOfSquares() },
  { name: 'add', params: ['i32', 'i32', 'i32'], locals: [], body: add() },
  {
    name: 'dropoutMask',
    params: [...Array<'i32'>(8).fill('i32'), 'f32'],
    locals: [...Array<'i32'>(5).fill('i32'), 'i64', 'i64'],
    body: dropoutMask(),
  },
];

const compiled = new Map<readonly Func[], WebAssembly.Module>();

/** The kernels over a memory, and more functions beside them, which are compiled once for the same array. */
export function kernelsOn(memory: WebAssembly.Memory, more = NONE): Kernels {
  const module = compiled.get(more) ?? new WebAssembly.Module(assemble([...COMMON, ...more]));
  compiled.set(more, module);
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
}
