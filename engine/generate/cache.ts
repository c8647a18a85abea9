/**
 * Keys and values of a batch of prompts. Each prompt has S entries in every layer: its own tokens, then slots for generated tokens.
 * A generated token that is no ancestor of any living sequence gives its slot back, so beams that share their past share its
 * memory, and nothing is ever moved.
 */
import { MASKED } from '../models/forward.js';
import { float32, type Tensor } from '../session.js';
import { keysName, newKeysName, newValuesName, valuesName } from './graphs.js';

/** The cache's size is a multiple of this many entries: few sizes mean few reallocations. */
const GROWTH = 32;
/** Slots a prompt begins with at most. Growing moves everything, but empty slots cost time at every token, too. */
const MOST_AT_FIRST = 96;

interface Layer {
  keys: Float32Array;
  values: Float32Array;
}

export class KeyValueCache {
  /** entries a prompt: promptLength + slots */
  #entries: number;
  readonly #layers: Layer[];
  /** (B, width, capacity): slots of each sequence's generated tokens, oldest first; `#written` of them are set */
  #ancestors: Int32Array;
  #capacity = GROWTH;
  #written = 0;
  /** (B, width): slots that the tokens of the running step go to */
  readonly #targets: Int32Array;
  /** prompts that are done keep no generated token */
  readonly #live: boolean[];

  /**
   * @param lengths tokens of each prompt
   * @param time tokens they are padded to
   * @param width sequences a prompt
   * @param prefilled the prefill's outputs
   * @param newTokens how many tokens a sequence will get at most
   */
  constructor(
    readonly lengths: readonly number[],
    readonly time: number,
    readonly width: number,
    layers: number,
    prefilled: Readonly<Record<string, Tensor>>,
    newTokens: number,
  ) {
    this.heads = prefilled[newKeysName(0)].shape[1];
    this.headSize = prefilled[newKeysName(0)].shape[3];
    this.#entries = time + Math.min(Math.ceil((newTokens + width - 1) / GROWTH) * GROWTH, MOST_AT_FIRST);
    this.#layers = Array.from({ length: layers }, (_, layer) => ({
      keys: this.#spread(prefilled[newKeysName(layer)].data as Float32Array, time, this.#entries),
      values: this.#spread(prefilled[newValuesName(layer)].data as Float32Array, time, this.#entries),
    }));
    this.#ancestors = new Int32Array(lengths.length * width * this.#capacity);
    this.#targets = new Int32Array(lengths.length * width);
    this.#live = lengths.map(() => true);
  }
  readonly heads: number;
  readonly headSize: number;

  /** Copies (B, heads, from, headSize) into the beginning of (B, heads, to, headSize). */
  #spread(data: Float32Array, from: number, to: number): Float32Array {
    const out = new Float32Array(this.lengths.length * this.heads * to * this.headSize);
    for (let i = 0; i < this.lengths.length * this.heads; i++) {
      out.set(data.subarray(i * from * this.headSize, (i + 1) * from * this.headSize), i * to * this.headSize);
    }
    return out;
  }

  /**
   * Follows the sequences to their new places and finds a slot for each one's next token.
   * @param parents [prompt]: which sequence each one continues; undefined where the prompt is done
   */
  reserve(parents: readonly (Int32Array | undefined)[]): void {
    this.#follow(parents);
    let slots = this.#entries - this.time;
    const used = new Int32Array(slots + this.width).fill(-1);
    let needed = 0;
    for (let b = 0; b < this.lengths.length; b++) {
      for (let i = 0; i < this.width && this.#live[b]; i++) {
        const row = (b * this.width + i) * this.#capacity;
        for (let k = 0; k < this.#written; k++) used[this.#ancestors[row + k]] = b;
      }
      let slot = 0;
      for (let i = 0; i < this.width; slot++) if (used[slot] !== b) this.#targets[b * this.width + i++] = slot;
      needed = Math.max(needed, slot);
    }
    if (needed <= slots) return;
    slots = Math.ceil(Math.max(needed, slots * 1.5) / GROWTH) * GROWTH;
    for (const layer of this.#layers) {
      layer.keys = this.#spread(layer.keys, this.#entries, this.time + slots);
      layer.values = this.#spread(layer.values, this.#entries, this.time + slots);
    }
    this.#entries = this.time + slots;
  }

  /** Each sequence takes over its parent's ancestors. */
  #follow(parents: readonly (Int32Array | undefined)[]): void {
    const capacity = this.#written < this.#capacity ? this.#capacity : 2 * this.#capacity;
    const next = new Int32Array(parents.length * this.width * capacity);
    parents.forEach((places, b) => {
      this.#live[b] = places !== undefined;
      places?.forEach((parent, i) => {
        const from = (b * this.width + parent) * this.#capacity;
        next.set(this.#ancestors.subarray(from, from + this.#written), (b * this.width + i) * capacity);
      });
    });
    this.#ancestors = next;
    this.#capacity = capacity;
  }

  /** The step graph's inputs: mask (B, 1, width, S) and each layer's cache (B, heads, S, headSize). */
  feeds(): Record<string, Tensor> {
    const rows = this.lengths.length;
    const mask = new Float32Array(rows * this.width * this.#entries).fill(MASKED);
    for (let i = 0; i < rows * this.width; i++) {
      const b = Math.floor(i / this.width);
      const row = i * this.#entries;
      mask.fill(0, row, row + this.lengths[b]);
      if (!this.#live[b]) continue;
      for (let k = 0; k < this.#written; k++) mask[row + this.time + this.#ancestors[i * this.#capacity + k]] = 0;
    }
    const feeds: Record<string, Tensor> = { mask: float32(mask, [rows, 1, this.width, this.#entries]) };
    const shape = [rows, this.heads, this.#entries, this.headSize];
    this.#layers.forEach(({ keys, values }, layer) => {
      feeds[keysName(layer)] = float32(keys, shape);
      feeds[valuesName(layer)] = float32(values, shape);
    });
    return feeds;
  }

  /** Puts the step's new keys and values (B, heads, width, headSize) into the reserved slots. */
  store(outputs: Readonly<Record<string, Tensor>>): void {
    this.#layers.forEach(({ keys, values }, layer) => {
      this.#scatter(outputs[newKeysName(layer)].data as Float32Array, keys);
      this.#scatter(outputs[newValuesName(layer)].data as Float32Array, values);
    });
    this.#targets.forEach((slot, i) => (this.#ancestors[i * this.#capacity + this.#written] = slot));
    this.#written++;
  }

  #scatter(fresh: Float32Array, cache: Float32Array): void {
    const { heads, width, headSize } = this;
    let from = 0;
    for (let b = 0; b < this.lengths.length; b++) {
      for (let h = 0; h < heads; h++) {
        const row = (b * heads + h) * this.#entries + this.time;
        for (let i = 0; i < width; i++) {
          // A plain loop: for so few numbers it is several times faster than set(subarray).
          const to = (row + this.#targets[b * width + i]) * headSize;
          for (let k = 0; k < headSize; k++) cache[to + k] = fresh[from++];
        }
      }
    }
  }
}
