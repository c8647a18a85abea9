/** Random numbers of one generation of a chain, read in order: Philox keyed by seed and member, counted by generation and use. */
import type { CounterRng } from '../../../common/philox.js';
import { philox4x32 } from '../../../common/philox.js';

/** What a stream inside one generation is for; part of the counter. */
export const USES = { world: 0, real: 1, written: 2, mixture: 3, fit: 4, earlier: 5 } as const;
export type Use = keyof typeof USES;

const { cos, floor, log, sin, sqrt } = Math;
const TWO_PI = 2 * Math.PI;

/**
 * A sequential stream. Its numbers are a function of the key, the generation and the use alone, so a chain that is taken up at a
 * generation draws what it would have drawn; hashing a new key for every generation would cost more than the numbers.
 */
export class Draws {
  readonly #k0: number;
  readonly #k1: number;
  readonly #use: number;
  readonly #block = new Uint32Array(4);
  #index = 0;
  /** the second uniform of the last block, where it is not used yet */
  #spare = -1;

  constructor(
    readonly rng: CounterRng,
    readonly generation: number,
    use: Use,
  ) {
    [this.#k0, this.#k1] = rng.words;
    this.#use = USES[use];
  }

  #next(): Uint32Array {
    const i = this.#index++;
    philox4x32(i >>> 0, floor(i / 0x1_0000_0000), this.generation, this.#use, this.#k0, this.#k1, this.#block);
    return this.#block;
  }

  /** Uniform in [0, 1), 53 random bits. */
  uniform(): number {
    const spare = this.#spare;
    if (spare >= 0) {
      this.#spare = -1;
      return spare;
    }
    const b = this.#next();
    this.#spare = ((b[2] >>> 5) * 67108864 + (b[3] >>> 6)) / 9007199254740992;
    return ((b[0] >>> 5) * 67108864 + (b[1] >>> 6)) / 9007199254740992;
  }

  /** Uniform integer in [0, n). */
  integer(n: number): number {
    return floor(this.uniform() * n);
  }

  /** Fills `out` with standard normals (Box–Muller, two a block). */
  normals(out: Float64Array): Float64Array {
    for (let i = 0; i < out.length; i += 2) {
      const b = this.#next();
      const radius = sqrt(-2 * log(((b[0] >>> 5) * 67108864 + (b[1] >>> 6) + 1) / 9007199254740993));
      const angle = TWO_PI * (((b[2] >>> 5) * 67108864 + (b[3] >>> 6)) / 9007199254740992);
      out[i] = radius * cos(angle);
      if (i + 1 < out.length) out[i + 1] = radius * sin(angle);
    }
    return out;
  }

  /** k of 0 … n-1 without replacement, in random order. */
  choose(n: number, k: number): Uint32Array {
    const items = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = 0; i < k; i++) {
      const j = i + this.integer(n - i);
      [items[i], items[j]] = [items[j], items[i]];
    }
    return items.subarray(0, k);
  }
}

/** Walker's alias table (Vose 1991): draws an index with probability proportional to its weight, in constant time. */
export class AliasTable {
  readonly #accept: Float64Array;
  readonly #alias: Uint32Array;

  /** @param weights not negative, of positive sum */
  constructor(weights: ArrayLike<number>) {
    const n = weights.length;
    let sum = 0;
    for (let i = 0; i < n; i++) sum += weights[i];
    this.#accept = new Float64Array(n).fill(1);
    this.#alias = Uint32Array.from({ length: n }, (_, i) => i);
    const scaled = Float64Array.from(weights, (w) => (w * n) / sum);
    const small: number[] = [];
    const large: number[] = [];
    for (let i = 0; i < n; i++) (scaled[i] < 1 ? small : large).push(i);
    let heaviest = 0;
    for (let i = 1; i < n; i++) if (weights[i] > weights[heaviest]) heaviest = i;
    while (small.length > 0 && large.length > 0) {
      const s = small.pop()!;
      const l = large[large.length - 1];
      this.#accept[s] = scaled[s];
      this.#alias[s] = l;
      scaled[l] -= 1 - scaled[s];
      if (scaled[l] < 1) small.push(large.pop()!);
    }
    // rounding may leave light ones without a partner; one of weight zero must never be drawn
    for (const s of small)
      if (weights[s] === 0) {
        this.#accept[s] = 0;
        this.#alias[s] = heaviest;
      }
  }

  draw(draws: Draws): number {
    const at = draws.uniform() * this.#accept.length;
    const i = floor(at);
    return at - i < this.#accept[i] ? i : this.#alias[i];
  }
}
