/**
 * Keys and values of the prompts that are being continued. Each prompt has S entries in every layer: its own tokens, then slots for
 * new ones. A token that is no ancestor of any living sequence gives its slot back, so beams that share their past share its memory,
 * and nothing is ever moved; a prompt that is done gives its place to the last one.
 */
import { MASKED } from '../models/forward.js';
import { float32, int32, type Tensor } from '../session.js';
import { keysName, maskName, newKeysName, newValuesName, valuesName } from './graph.js';
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

/** A new token in the cache. */
interface Token {
  readonly slot: number;
  /** new tokens up to this one; 0: the prompt itself, which has no slot */
  readonly depth: number;
  readonly before?: Token;
  /** tokens right after it; without any, and no longer the last of a sequence, it gives its slot back */
  followers: number;
}

/** The last token of what may become a sequence. */
interface End {
  readonly token: Token;
  /** (S at its time): the mask's row of a token after it */
  readonly sees: Float32Array;
}

interface Prompt {
  /** tokens of the prompt itself */
  readonly length: number;
  /** the last step's tokens */
  last: readonly End[];
  /** [token of the running step]: the last step's token that it follows; in a chain, that the first follows */
  before: readonly End[];
  /** slots that were used and are free again */
  readonly free: number[];
  /** slots from here on were never used */
  unused: number;
  /** [slot]: the position of the token that lies there */
  readonly positions: number[];
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
  /** (prompts, width, S): the running step's mask */
  #mask = new Float32Array(0);

  #newTokens = 0;
  #places = 0;

  constructor(
    layers: number,
    readonly layout: Layout,
    /** of the layers that look back so many tokens only, the same once each */
    readonly windows: readonly number[] = [],
  ) {
    this.#layers = Array.from({ length: layers }, () => ({ keys: new Float32Array(0), values: new Float32Array(0) }));
  }

  /**
   * Takes every prompt out. The memory is kept, since touching new memory costs as much as filling it; the next prompts get as many
   * entries as in a new cache, so that they come out the same.
   * @param newTokens how many tokens a sequence will get at most
   * @param places how many prompts it will hold at most
   */
  clear(newTokens: number, places: number): void {
    this.#prompts.length = 0;
    this.#entries = 0;
    this.#newTokens = newTokens;
    this.#places = places;
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
    for (const length of lengths) {
      const last = [{ token: { slot: -1, depth: 0, followers: 0 }, sees: new Float32Array(length) }];
      this.#prompts.push({ length, last, before: [], free: [], unused: length, positions: [...Array(length).keys()] });
    }
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
    const length = Math.max(this.#places, this.#prompts.length) * size * entries;
    for (const layer of this.#layers) {
      for (const kind of ['keys', 'values'] as const) {
        const old = layer[kind];
        const fits = old.buffer.byteLength >= length * old.BYTES_PER_ELEMENT;
        layer[kind] = fits ? new Float32Array(old.buffer, 0, length) : new Float32Array(length);
        this.#spread(old.subarray(0, prompts * size * this.#entries), this.#entries, layer[kind], entries);
      }
    }
    this.#entries = entries;
  }

  /** Copies (…, from, headSize) into the beginning of (…, entries, headSize); last row first, since both may be the same memory. */
  #spread(data: Float32Array, from: number, out: Float32Array, entries = this.#entries): void {
    const [short, long] = [from * this.#headSize, entries * this.#headSize];
    for (let i = data.length / short - 1; i >= 0; i--) out.set(data.subarray(i * short, (i + 1) * short), i * long);
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
    this.#prompts.forEach((prompt, b) => {
      prompt.before = Array.from(
        this.layout === 'chain' ? parents[b].subarray(0, 1) : parents[b],
        (parent) => prompt.last[parent],
      );
      for (const { token } of prompt.before) token.followers++;
      for (const { token } of prompt.last) release(token, prompt.free);
      for (let i = 0; i < width; i++) this.#targets[b * width + i] = prompt.free.pop() ?? prompt.unused++;
      needed = Math.max(needed, prompt.unused);
    });
    if (needed > this.#entries) {
      const prompt = Math.max(...this.#prompts.map(({ length }) => length));
      const slots = Math.max(needed - prompt, 1.5 * (this.#entries - prompt));
      this.#resize(this.#prompts.length, prompt + Math.ceil(slots / GROWTH) * GROWTH);
    }
  }

  /**
   * The graph's inputs for new tokens: positions (B, width), masks (B, 1, width, S) and each layer's cache (B, heads, S, headSize).
   * @param maxPositions bounds positions: the end of a chain may be filled up with tokens that nobody looks at
   */
  feeds(maxPositions: number): Record<string, Tensor> {
    const [rows, width, entries] = [this.#prompts.length, this.#width, this.#entries];
    this.#mask = new Float32Array(rows * width * entries).fill(MASKED);
    const positions = new Int32Array(rows * width);
    this.#prompts.forEach(({ length, before }, b) => {
      for (let i = 0; i < width; i++) {
        const [{ token, sees }, ahead] = this.layout === 'chain' ? [before[0], i] : [before[i], 0];
        positions[b * width + i] = Math.min(maxPositions - 1, length + token.depth + ahead);
        this.#mask.set(sees, (b * width + i) * entries);
      }
    });
    const feeds: Record<string, Tensor> = {
      positions: int32(positions, [rows, width]),
      [maskName()]: float32(this.#mask, [rows, 1, width, entries]),
      ...Object.fromEntries(
        this.windows.map((window) => [maskName(window), float32(this.#within(window), [rows, 1, width, entries])]),
      ),
    };
    const shape = [rows, this.#heads, entries, this.#headSize];
    const size = shape.reduce((a, b) => a * b);
    this.#layers.forEach(({ keys, values }, layer) => {
      feeds[keysName(layer)] = float32(keys.subarray(0, size), shape);
      feeds[valuesName(layer)] = float32(values.subarray(0, size), shape);
    });
    return feeds;
  }

  /** The running step's mask, less what lies behind a window. */
  #within(window: number): Float32Array {
    const [width, entries] = [this.#width, this.#entries];
    const mask = this.#mask.slice();
    this.#prompts.forEach(({ length, before, positions }, b) => {
      for (let i = 0; i < width; i++) {
        const [{ token }, ahead] = this.layout === 'chain' ? [before[0], i] : [before[i], 0];
        const first = length + token.depth + ahead - window + 1;
        const row = (b * width + i) * entries;
        positions.forEach((position, slot) => {
          if (position < first) mask[row + slot] = MASKED;
        });
      }
    });
    return mask;
  }

  /** Ends a step: puts its new keys and values (B, heads, width, headSize) into the reserved slots. */
  store(outputs: Readonly<Record<string, Tensor>>): void {
    this.#layers.forEach(({ keys, values }, layer) => {
      this.#scatter(outputs[newKeysName(layer)].data as Float32Array, keys);
      this.#scatter(outputs[newValuesName(layer)].data as Float32Array, values);
    });
    const [width, entries] = [this.#width, this.#entries];
    this.#prompts.forEach((prompt, b) => {
      const last: End[] = [];
      for (let i = 0; i < width; i++) {
        const chained = this.layout === 'chain' && i > 0;
        const before = chained ? last[i - 1] : prompt.before[i];
        const row = (b * width + i) * entries;
        const sees = this.#mask.subarray(row, row + entries);
        if (chained) sees.set(before.sees);
        const slot = this.#targets[b * width + i];
        sees[slot] = 0;
        prompt.positions[slot] = prompt.length + before.token.depth;
        if (chained) before.token.followers++;
        last.push({ token: { slot, depth: before.token.depth + 1, before: before.token, followers: 0 }, sees });
      }
      prompt.last = last;
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

/** Gives back the slots of a token that nothing follows any more, and of those before it that served it alone. */
function release(token: Token, free: number[]): void {
  for (let last = token; last.followers === 0 && last.before !== undefined; last = last.before) {
    free.push(last.slot);
    last.before.followers--;
  }
}
