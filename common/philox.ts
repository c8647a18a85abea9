/**
 * Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 * A draw is a pure function of a key and an index, so a resumed, sharded or reordered computation draws the same numbers.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical.js';

/** What a stream of randomness is for. Two streams with unequal keys are independent. */
export interface RngKey {
  readonly seed: number;
  readonly generation: number;
  readonly member: string;
  readonly step: string;
  /** separates several uses inside one step, e.g. "init", "order", "token" */
  readonly purpose?: string;
}

// taken once: looked up anew, ten rounds of these cost more than the multiplications
const { imul, floor } = Math;

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/** High 32 bits of the 64-bit product of two unsigned 32-bit integers, the second in halves; as a signed integer. */
function mulhi(a: number, low: number, high: number): number {
  const ah = a >>> 16;
  const mid1 = (imul(ah, low) >>> 0) + (imul(a & 0xffff, low) >>> 16);
  const mid2 = (imul(a & 0xffff, high) >>> 0) + (mid1 & 0xffff);
  return (imul(ah, high) + (mid1 >>> 16) + (mid2 >>> 16)) | 0;
}

/** One Philox4x32-10 block: counter (4 words) and key (2 words) to 4 words, written into `out`. */
export function philox4x32(c0: number, c1: number, c2: number, c3: number, k0: number, k1: number, out: Uint32Array): void {
  for (let round = 0; round < 10; round++) {
    const hi0 = mulhi(c0, M0 & 0xffff, M0 >>> 16);
    const lo0 = imul(M0, c0);
    const hi1 = mulhi(c2, M1 & 0xffff, M1 >>> 16);
    const lo1 = imul(M1, c2);
    c0 = hi1 ^ c1 ^ k0;
    c1 = lo1;
    c2 = hi0 ^ c3 ^ k1;
    c3 = lo0;
    k0 = (k0 + W0) | 0;
    k1 = (k1 + W1) | 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** Random access into one stream. `index` is any integer in [0, 2^53); `lane` any integer in [0, 2^32). */
export class CounterRng {
  readonly #k0: number;
  readonly #k1: number;
  readonly #block = new Uint32Array(4);

  constructor(readonly key: RngKey) {
    const hash = createHash('sha256').update(canonicalJson(key)).digest();
    this.#k0 = hash.readUInt32LE(0);
    this.#k1 = hash.readUInt32LE(4);
  }

  /** The stream's Philox key, for a caller that runs philox4x32 over counters of its own; such a stream needs its own purpose. */
  get words(): readonly [number, number] {
    return [this.#k0, this.#k1];
  }

  /** The same key with another purpose. */
  derive(purpose: string): CounterRng {
    return new CounterRng({ ...this.key, purpose: this.key.purpose ? `${this.key.purpose}/${purpose}` : purpose });
  }

  #fill(index: number, lane: number): Uint32Array {
    philox4x32(index >>> 0, floor(index / 0x1_0000_0000), lane >>> 0, 0, this.#k0, this.#k1, this.#block);
    return this.#block;
  }

  /** Uniform 32-bit integer. */
  u32(index: number, lane = 0): number {
    return this.#fill(index, lane)[0];
  }

  /** Uniform double in [0, 1) with 53 random bits. */
  uniform(index: number, lane = 0): number {
    const b = this.#fill(index, lane);
    return ((b[0] >>> 5) * 67108864 + (b[1] >>> 6)) / 9007199254740992;
  }

  /** Standard normal (Box–Muller; two uniforms a draw, so consumption is fixed). */
  normal(index: number, lane = 0): number {
    const b = this.#fill(index, lane);
    const u = ((b[0] >>> 5) * 67108864 + (b[1] >>> 6) + 1) / 9007199254740993; // (0, 1]
    const v = ((b[2] >>> 5) * 67108864 + (b[3] >>> 6)) / 9007199254740992;
    return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
  }

  /** Uniform integer in [0, n), n <= 2^32; bias below n / 2^53. */
  integer(n: number, index: number, lane = 0): number {
    return floor(this.uniform(index, lane) * n);
  }

  /** A uniformly random permutation of 0 … n-1 (Fisher–Yates over draws 0 … n-1 of `lane`). */
  permutation(n: number, lane = 0): Uint32Array {
    const p = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(i + 1, i, lane);
      const swap = p[i];
      p[i] = p[j];
      p[j] = swap;
    }
    return p;
  }
}
