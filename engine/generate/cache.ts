/**
 * Keys and values of a batch of prompts. Each prompt has S entries in every layer: its own tokens, then slots for generated tokens.
 * A generated token that is no ancestor of any living sequence gives its slot back, so beams that share their past share its
 * memory, and nothing is ever moved.
 */
import { MASKED } from '../models/forward.js';
import { float32, type Tensor } from '../session.js';
import { keysName, newKeysName, newValuesName, valuesName } from './graphs.js';

/** The cache grows by so many entries at least: few sizes mean few reallocations. */
const GROWTH = 16;

interface Layer {
  keys: Float32Array;
  values: Float32Array;
}

export class KeyValueCache {
  /** entries a prompt: promptLength + slots */
  #entries: number;
  readonly #layers: Layer[];
  /** [prompt][sequence]: slots of the generated tokens before, oldest first */
  #ancestors: number[][][];
  /** [prompt][sequence]: slots that the tokens of the running step go to */
  #targets: number[][];

  /**
   * @param lengths tokens of each prompt
   * @param time tokens they are padded to
   * @param width sequences a prompt
   * @param prefilled the prefill's outputs
   */
  constructor(
    readonly lengths: readonly number[],
    readonly time: number,
    readonly width: number,
    layers: number,
    prefilled: Readonly<Record<string, Tensor>>,
  ) {
    this.heads = prefilled[newKeysName(0)].shape[1];
    this.headSize = prefilled[newKeysName(0)].shape[3];
    this.#entries = time + GROWTH;
    this.#layers = Array.from({ length: layers }, (_, layer) => ({
      keys: this.#spread(prefilled[newKeysName(layer)].data as Float32Array, time, this.#entries),
      values: this.#spread(prefilled[newValuesName(layer)].data as Float32Array, time, this.#entries),
    }));
    this.#ancestors = lengths.map(() => Array.from({ length: width }, () => []));
    this.#targets = lengths.map(() => []);
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
    let slots = this.#entries - this.time;
    parents.forEach((places, b) => {
      const before = this.#ancestors[b];
      this.#ancestors[b] = places === undefined ? before.map(() => []) : Array.from(places, (parent) => before[parent].slice());
      const used = new Uint8Array(slots + this.width);
      for (const ancestors of this.#ancestors[b]) for (const slot of ancestors) used[slot] = 1;
      this.#targets[b] = [];
      for (let slot = 0; this.#targets[b].length < this.width; slot++) if (used[slot] !== 1) this.#targets[b].push(slot);
    });
    const needed = Math.max(...this.#targets.map((targets) => targets[this.width - 1] + 1));
    if (needed <= slots) return;
    slots = Math.ceil(Math.max(needed, slots * 1.5) / GROWTH) * GROWTH;
    for (const layer of this.#layers) {
      layer.keys = this.#spread(layer.keys, this.#entries, this.time + slots);
      layer.values = this.#spread(layer.values, this.#entries, this.time + slots);
    }
    this.#entries = this.time + slots;
  }

  /** The step graph's inputs: mask (B, 1, width, S) and each layer's cache (B, heads, S, headSize). */
  feeds(): Record<string, Tensor> {
    const rows = this.lengths.length;
    const mask = new Float32Array(rows * this.width * this.#entries).fill(MASKED);
    this.#ancestors.forEach((sequences, b) =>
      sequences.forEach((ancestors, i) => {
        const row = (b * this.width + i) * this.#entries;
        mask.fill(0, row, row + this.lengths[b]);
        for (const slot of ancestors) mask[row + this.time + slot] = 0;
      }),
    );
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
    this.#targets.forEach((targets, b) => targets.forEach((slot, i) => this.#ancestors[b][i].push(slot)));
  }

  #scatter(fresh: Float32Array, cache: Float32Array): void {
    const size = this.headSize;
    for (let b = 0; b < this.lengths.length; b++) {
      for (let h = 0; h < this.heads; h++) {
        const from = (b * this.heads + h) * this.width;
        const to = (b * this.heads + h) * this.#entries + this.time;
        for (let i = 0; i < this.width; i++) {
          const at = (to + this.#targets[b][i]) * size;
          cache.set(fresh.subarray((from + i) * size, (from + i + 1) * size), at);
        }
      }
    }
  }
}
