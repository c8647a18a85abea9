/**
 * Keys and values of the prompts that are being continued. Each prompt has S entries in every layer: its own tokens, then slots for
 * new ones. A token that is no ancestor of any living sequence gives its slot back, so beams that share their past share its memory,
 * and nothing is ever moved; a prompt that is done gives its place to the last one.
 */
import { MASKED } from '../models/forward.js';
import { float32, int32, type Tensor } from '../session.js';
import { keysName, newKeysName, newValuesName, valuesName } from './graphs.js';
import type { Layout } from './types.js';

/** The cache's size is a multiple of this many entries: few sizes mean few reallocations. */
const GROWTH = 32;
/** Slots a prompt begins with at most. Growing moves everything, but empty slots cost time at every token, too. */
const MOST_AT_FIRST = 96;

/** (places, heads, S, headSize), of which the first prompts' rows are in use */
interface Layer {
  keys: Float32Array;
  values: Float32Array;
}

interface Prompt {
  /** tokens of the prompt itself */
  readonly length: number;
  /** [token of the last step]: the slots of what a token after it sees beyond the prompt, oldest first */
  paths: readonly (readonly number[])[];
  /** the same of the running step's tokens, themselves and, in a chain, each other left out */
  contexts: readonly (readonly number[])[];
}

export class KeyValueCache {
  readonly #prompts: Prompt[] = [];
  readonly #layers: Layer[];
  #heads = 0;
  #headSize = 0;
  /** entries a prompt */
  #entries = 0;
  /** tokens a prompt has in the running step */
  #width = 1;
  /** (prompts, width): slots that the running step's tokens go to */
  #targets = new Int32Array(0);

  #newTokens = 0;

  constructor(
    layers: number,
    readonly layout: Layout,
  ) {
    this.#layers = Array.from({ length: layers }, () => ({ keys: new Float32Array(0), values: new Float32Array(0) }));
  }

  /**
   * Takes every prompt out. The memory is kept, since touching new memory costs as much as filling it; the next prompts get as many
   * entries as in a new cache, so that they come out the same.
   * @param newTokens how many tokens a sequence will get at most
   */
  clear(newTokens: number): void {
    this.#prompts.length = 0;
    this.#entries = 0;
    this.#newTokens = newTokens;
  }

  /** prompts in the cache */
  get size(): number {
    return this.#prompts.length;
  }

  /**
   * Adds prompts behind the others.
   * @param lengths tokens of each prompt
   * @param time tokens they are padded to
   * @param prefilled the prefill's outputs: each layer's keys and values (prompts, heads, time, headSize)
   */
  add(lengths: readonly number[], time: number, prefilled: Readonly<Record<string, Tensor>>): void {
    [, this.#heads, , this.#headSize] = prefilled[newKeysName(0)].shape;
    const from = this.#prompts.length;
    for (const length of lengths) this.#prompts.push({ length, paths: [[]], contexts: [] });
    const places = this.#entries === 0 ? 0 : this.#layers[0].keys.length / (this.#heads * this.#headSize * this.#entries);
    const slots = Math.min(Math.ceil(this.#newTokens / GROWTH) * GROWTH, MOST_AT_FIRST);
    const entries = Math.max(this.#entries, time + slots);
    if (this.#prompts.length > places || entries > this.#entries) this.#resize(from, entries);
    this.#layers.forEach((layer, i) => {
      const row = from * this.#heads * this.#entries * this.#headSize;
      this.#spread(prefilled[newKeysName(i)].data as Float32Array, time, layer.keys.subarray(row));
      this.#spread(prefilled[newValuesName(i)].data as Float32Array, time, layer.values.subarray(row));
    });
  }

  /** Takes a prompt out; the last one takes its place. */
  remove(place: number): void {
    const last = this.#prompts.length - 1;
    this.#prompts[place] = this.#prompts[last];
    this.#prompts.pop();
    if (place === last) return;
    const row = this.#heads * this.#entries * this.#headSize;
    for (const { keys, values } of this.#layers) {
      keys.copyWithin(place * row, last * row, (last + 1) * row);
      values.copyWithin(place * row, last * row, (last + 1) * row);
    }
  }

  /** Arrays for all prompts with so many entries each; keeps what the first `prompts` hold. */
  #resize(prompts: number, entries: number): void {
    const size = this.#heads * this.#headSize;
    const length = this.#prompts.length * size * entries;
    for (const layer of this.#layers) {
      for (const kind of ['keys', 'values'] as const) {
        const old = layer[kind];
        const reusable = prompts === 0 && old.buffer.byteLength >= length * old.BYTES_PER_ELEMENT;
        layer[kind] = reusable ? new Float32Array(old.buffer, 0, length) : new Float32Array(length);
        this.#spread(old.subarray(0, prompts * size * this.#entries), this.#entries, layer[kind], entries);
      }
    }
    this.#entries = entries;
  }

  /** Copies (…, from, headSize) into the beginning of (…, entries, headSize). */
  #spread(data: Float32Array, from: number, out: Float32Array, entries = this.#entries): void {
    const [short, long] = [from * this.#headSize, entries * this.#headSize];
    for (let i = 0; i * short < data.length; i++) out.set(data.subarray(i * short, (i + 1) * short), i * long);
  }

  /**
   * Begins a step: finds a slot for each new token.
   * @param parents [prompt]: the last step's token that each new one follows; in a chain, that the first follows
   * @param width new tokens a prompt
   */
  reserve(parents: readonly Int32Array[], width: number): void {
    this.#width = width;
    this.#targets = new Int32Array(this.#prompts.length * width);
    let needed = 0;
    /** [slot]: the last prompt that uses it */
    const used = new Int32Array(this.#entries + width).fill(-1);
    this.#prompts.forEach((prompt, b) => {
      prompt.contexts =
        this.layout === 'chain' ? [prompt.paths[parents[b][0]]] : Array.from(parents[b], (parent) => prompt.paths[parent]);
      for (const context of prompt.contexts) for (const slot of context) used[slot] = b;
      let slot = prompt.length;
      for (let i = 0; i < width; slot++) if (used[slot] !== b) this.#targets[b * width + i++] = slot;
      needed = Math.max(needed, slot);
    });
    if (needed > this.#entries) {
      const prompt = Math.max(...this.#prompts.map(({ length }) => length));
      const slots = Math.max(needed - prompt, 1.5 * (this.#entries - prompt));
      this.#resize(this.#prompts.length, prompt + Math.ceil(slots / GROWTH) * GROWTH);
    }
  }

  /**
   * The step graph's inputs: positions (B, width), mask (B, 1, width, S) and each layer's cache (B, heads, S, headSize).
   * @param maxPositions bounds positions: the end of a chain may be filled up with tokens that nobody looks at
   */
  feeds(maxPositions: number): Record<string, Tensor> {
    const [rows, width, entries] = [this.#prompts.length, this.#width, this.#entries];
    const mask = new Float32Array(rows * width * entries).fill(MASKED);
    const positions = new Int32Array(rows * width);
    this.#prompts.forEach(({ length, contexts }, b) => {
      for (let i = 0; i < width; i++) {
        const [context, ahead] = this.layout === 'chain' ? [contexts[0], i] : [contexts[i], 0];
        positions[b * width + i] = Math.min(maxPositions - 1, length + context.length + ahead);
        const row = (b * width + i) * entries;
        mask.fill(0, row, row + length);
        for (const slot of context) mask[row + slot] = 0;
      }
    });
    const feeds: Record<string, Tensor> = {
      positions: int32(positions, [rows, width]),
      mask: float32(mask, [rows, 1, width, entries]),
    };
    const shape = [rows, this.#heads, entries, this.#headSize];
    const size = shape.reduce((a, b) => a * b);
    this.#layers.forEach(({ keys, values }, layer) => {
      feeds[keysName(layer)] = float32(keys.subarray(0, size), shape);
      feeds[valuesName(layer)] = float32(values.subarray(0, size), shape);
    });
    return feeds;
  }

  /** Ends a step: puts its new keys and values (B, heads, width, headSize) into the reserved slots. */
  store(outputs: Readonly<Record<string, Tensor>>): void {
    this.#layers.forEach(({ keys, values }, layer) => {
      this.#scatter(outputs[newKeysName(layer)].data as Float32Array, keys);
      this.#scatter(outputs[newValuesName(layer)].data as Float32Array, values);
    });
    this.#prompts.forEach((prompt, b) => {
      const slots = Array.from(this.#targets.subarray(b * this.#width, (b + 1) * this.#width));
      prompt.paths = slots.map((slot, i) =>
        this.layout === 'chain' ? prompt.contexts[0].concat(slots.slice(0, i + 1)) : prompt.contexts[i].concat(slot),
      );
    });
  }

  #scatter(fresh: Float32Array, cache: Float32Array): void {
    const [heads, headSize, width, targets] = [this.#heads, this.#headSize, this.#width, this.#targets];
    let from = 0;
    for (let b = 0; b < this.#prompts.length; b++) {
      for (let h = 0; h < heads; h++) {
        const row = (b * heads + h) * this.#entries;
        for (let i = 0; i < width; i++) {
          // A plain loop: for so few numbers it is several times faster than set(subarray).
          const to = (row + targets[b * width + i]) * headSize;
          for (let k = 0; k < headSize; k++) cache[to + k] = fresh[from++];
        }
      }
    }
  }
}
