/** Texts through an encoder: token ids, last hidden states, and one vector a text. */
import { join } from 'node:path';
import { HabsburgError } from '../../common/errors.js';
import type { Device } from '../devices.js';
import { makeBatch, paddedLength } from '../batch.js';
import { readJsonObject } from '../checkpoint/json.js';
import type { Weights } from '../checkpoint/safetensors.js';
import { openWeights } from '../checkpoint/weight-files.js';
import { Graph } from '../graph/graph.js';
import type { Value } from '../graph/types.js';
import { ConfigReader } from '../models/config.js';
import { MASKED } from '../models/forward.js';
import { weightFeeds } from '../models/weights.js';
import { float32, Session, type Tensor } from '../session.js';
import { loadTokenizer } from '../tokenizer/files.js';
import type { Tokenizer } from '../tokenizer/types.js';
import { encoderOf } from './index.js';
import { pooled, readPooling, type Pooling } from './pooling.js';
import type { EncoderConfig } from './types.js';

/** A text as the encoder sees it. */
export interface Encoding {
  /** with the special tokens around the text */
  readonly ids: Int32Array;
  /** (ids.length, hiddenSize) last hidden states */
  readonly hidden: Float32Array;
  /** the text's vector */
  readonly embedding: Float32Array;
}

export interface EncodeOptions {
  readonly threads: number;
  readonly device?: Device;
  /** texts at a time; default: 32 */
  readonly batch?: number;
}

export class Encoder {
  private constructor(
    readonly config: EncoderConfig,
    readonly weights: Weights,
    readonly tokenizer: Tokenizer,
    readonly pooling: Pooling,
  ) {}

  /**
   * Loads a folder in the layout of sentence-transformers, or a plain encoder's with its tokenizer.json.
   * @throws HabsburgError `notFound` when a file is missing, `verification` when one is damaged, `invalid` when something is not
   *   supported
   */
  static async load(dir: string): Promise<Encoder> {
    const file = join(dir, 'config.json');
    const json = await readJsonObject(file);
    const architecture = encoderOf(json.model_type, file);
    const config = architecture.parseConfig(new ConfigReader(json, file));
    const found = new Map(
      [...(await openWeights(dir))].flatMap(([name, source]) => {
        const own = architecture.canonicalName(name);
        return own === undefined ? [] : [[own, source]];
      }),
    );
    const weights: Weights = new Map();
    for (const { name, shape } of architecture.parameters(config)) {
      const source = found.get(name);
      if (source === undefined)
        throw new HabsburgError('verification', `${dir} lacks the weight ${name} that its config.json asks for`);
      if (source.shape.join() !== shape.join())
        throw new HabsburgError('verification', `${dir}: ${name} has shape (${source.shape.join(', ')}), config.json asks for (${shape.join(', ')})`); // prettier-ignore
      weights.set(name, { shape, data: await source.read() });
      found.delete(name);
    }
    const [extra] = found.keys();
    if (extra !== undefined)
      throw new HabsburgError('verification', `${dir} holds the weight ${extra}, for which its config.json has no place`);
    return new Encoder(config, weights, await loadTokenizer(dir), await readPooling(dir));
  }

  /** A text's ids, cut to what the model reads, special tokens around them. */
  idsOf(text: string): Int32Array {
    const { prefix, suffix } = this.tokenizer;
    const most = Math.min(this.config.maxPositions, this.pooling.maxTokens ?? Infinity) - prefix.length - suffix.length;
    return Int32Array.from([...prefix, ...this.tokenizer.encode(text).slice(0, Math.max(0, most)), ...suffix]);
  }

  /** One encoding a text, in order. Hidden states take memory for every token: `embed` keeps the vectors alone. */
  async encode(texts: readonly string[], options: EncodeOptions): Promise<Encoding[]> {
    const rows = this.#rowsOf(texts);
    const encodings: Encoding[] = [];
    await this.#each(rows, this.config.layers, options, (i, hidden) => {
      encodings[i] = { ids: rows[i], hidden, embedding: this.#pooled(hidden, rows[i]) };
    });
    return encodings;
  }

  /** One vector (hiddenSize, or as many times that as there are modes of pooling) a text, in order. */
  async embed(texts: readonly string[], options: EncodeOptions): Promise<Float32Array[]> {
    const rows = this.#rowsOf(texts);
    const vectors: Float32Array[] = [];
    await this.#each(rows, this.config.layers, options, (i, hidden) => (vectors[i] = this.#pooled(hidden, rows[i])));
    return vectors;
  }

  /**
   * Hidden states behind the first layers, one (ids, hiddenSize) a row of ids, in order.
   * @param rows of 1 to maxPositions ids, special tokens included
   * @param layers 0 (what the layers begin with) to config.layers
   */
  async states(rows: readonly Int32Array[], layers: number, options: EncodeOptions): Promise<Float32Array[]> {
    const states: Float32Array[] = [];
    await this.#each(rows, layers, options, (i, hidden) => (states[i] = hidden));
    return states;
  }

  #rowsOf(texts: readonly string[]): Int32Array[] {
    return texts.map((text, i) => {
      const row = this.idsOf(text);
      if (row.length > 0) return row;
      throw new HabsburgError('invalid', `text ${i} is no token at all, and its tokenizer puts none around it`);
    });
  }

  #pooled(hidden: Float32Array, { length }: Int32Array): Float32Array {
    return pooled(this.pooling, hidden, length);
  }

  /** Rows of about one length go together, so that little is padding; a row's numbers do not depend on the others but for rounding. */
  async #each(
    rows: readonly Int32Array[],
    layers: number,
    options: EncodeOptions,
    give: (i: number, hidden: Float32Array) => void,
  ): Promise<void> {
    const { batch = 32, threads, device } = options;
    const feeds = weightFeeds(this.#weightsBelow(layers));
    for (const [time, members] of byPaddedLength(rows)) {
      const session = await Session.create(this.#graph(time, layers), { threads, device, memory: 'returned' });
      try {
        for (let from = 0; from < members.length; from += batch) {
          const some = members.slice(from, from + batch);
          const { ids } = makeBatch(some.map((i) => rows[i]), { time, paddingId: this.config.paddingId }); // prettier-ignore
          const inputs = { ...feeds, ids, mask: paddingMask(some.map((i) => rows[i].length), time) }; // prettier-ignore
          const all = (await session.run(inputs, ['hidden'])).hidden.data as Float32Array; // (B·T, d)
          const row = time * this.config.hiddenSize;
          some.forEach((i, b) => {
            const hidden = all.slice(b * row, b * row + rows[i].length * this.config.hiddenSize);
            const bad = hidden.findIndex((x) => !Number.isFinite(x));
            if (bad >= 0) throw new HabsburgError('verification', `the hidden states of text ${i} are not finite: its weights are damaged`); // prettier-ignore
            give(i, hidden);
          });
        }
      } finally {
        await session.release();
      }
    }
  }

  /** Those that the states behind the first layers depend on. */
  #weightsBelow(layers: number): Weights {
    const { parameters } = encoderOf(this.config.modelType);
    return new Map(parameters({ ...this.config, layers }).map(({ name }) => [name, this.weights.get(name)!]));
  }

  /** Inputs `ids` (B, T), `mask` (B, 1, 1, T) and the weights; output `hidden` (B·T, hiddenSize). */
  #graph(time: number, layers: number): Graph {
    const graph = new Graph();
    const values = new Map<string, Value>();
    const parameters = (name: string): Value => {
      const value = values.get(name) ?? graph.input(name, 'float32', this.weights.get(name)!.shape);
      values.set(name, value);
      return value;
    };
    const inputs = { ids: graph.input('ids', 'int32', ['B', time]), mask: graph.input('mask', 'float32', ['B', 1, 1, time]) };
    graph.output('hidden', encoderOf(this.config.modelType).hidden(graph, { ...this.config, layers }, parameters, inputs));
    return graph;
  }
}

/** Numbers of rows, by the length that they are padded to. */
export function byPaddedLength(rows: readonly { readonly length: number }[]): Map<number, number[]> {
  const longest = rows.reduce((most, { length }) => Math.max(most, length), 0);
  const byTime = new Map<number, number[]>();
  rows.forEach(({ length }, i) => {
    const time = paddedLength(length, longest);
    byTime.set(time, [...(byTime.get(time) ?? []), i]);
  });
  return byTime;
}

/** (B, 1, 1, T), to be added to the scores of attention, for rows of so many tokens. */
export function paddingMask(lengths: readonly number[], time: number): Tensor {
  const mask = new Float32Array(lengths.length * time);
  lengths.forEach((length, b) => mask.fill(MASKED, b * time + length, (b + 1) * time));
  return float32(mask, [lengths.length, 1, 1, time]);
}
