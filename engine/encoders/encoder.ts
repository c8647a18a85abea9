/** Texts through an encoder: token ids, last hidden states, and one vector a text. */
import { join } from 'node:path';
import { HabsburgError } from '../../common/errors.js';
import type { Device } from '../devices.js';
import { paddedLength } from '../batch.js';
import { readJsonObject } from '../checkpoint/json.js';
import type { Weights } from '../checkpoint/safetensors.js';
import { openWeights } from '../checkpoint/weight-files.js';
import { ConfigReader } from '../models/config.js';
import { loadTokenizer } from '../tokenizer/files.js';
import type { Tokenizer } from '../tokenizer/types.js';
import { encoderOf } from './index.js';
import { WeightsNetwork, type Network } from './network.js';
import { onnxFileOf, type OnnxFile } from './onnx-file.js';
import { pooled, readPooling, type Pooling } from './pooling.js';
import type { EncoderArchitecture, EncoderConfig } from './types.js';

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
    /** empty where an ONNX file has them */
    readonly weights: Weights,
    private readonly network: Network,
    readonly tokenizer: Tokenizer,
    readonly pooling: Pooling,
  ) {}

  /**
   * Loads a folder in the layout of sentence-transformers, or a plain encoder's with its tokenizer.json. Without weights it may hold
   * model.onnx, or onnx/model.onnx, which then computes.
   * @param pooling in place of what the folder says
   * @param network in place of what the folder holds
   * @throws HabsburgError `notFound` when a file is missing, `verification` when one is damaged, `invalid` when something is not
   *   supported
   */
  static async load(dir: string, pooling?: Partial<Pooling>, network?: OnnxFile): Promise<Encoder> {
    const read = new ConfigReader(await readJsonObject(join(dir, 'config.json')), join(dir, 'config.json'));
    const around = async () => [await loadTokenizer(dir), { ...(await readPooling(dir)), ...pooling }] as const;
    const onnx = network ?? (await onnxFileOf(dir, read));
    if (onnx) return new Encoder(onnx.config, new Map(), onnx, ...(await around()));
    const architecture = encoderOf(read.get('model_type'), read.file);
    const config = architecture.parseConfig(read);
    const weights = await readWeights(dir, architecture, config);
    return new Encoder(config, weights, new WeightsNetwork(config, weights), ...(await around()));
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
      this.#needStates();
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
    await this.#each(rows, layers, options, (i, hidden) => {
      this.#needStates();
      states[i] = hidden;
    });
    return states;
  }

  #needStates(): void {
    if (this.network.gives === 'vectors')
      throw new HabsburgError('invalid', `${(this.network as OnnxFile).path} gives vectors of texts and no hidden states; export it with last_hidden_state`); // prettier-ignore
  }

  #rowsOf(texts: readonly string[]): Int32Array[] {
    return texts.map((text, i) => {
      const row = this.idsOf(text);
      if (row.length > 0) return row;
      throw new HabsburgError('invalid', `text ${i} is no token at all, and its tokenizer puts none around it`);
    });
  }

  /** A vector that comes from the file is pooled, and perhaps scaled, already. */
  #pooled(found: Float32Array, { length }: Int32Array): Float32Array {
    return this.network.gives === 'vectors' ? found : pooled(this.pooling, found, length);
  }

  /** Rows of about one length go together, so that little is padding; a row's numbers do not depend on the others but for rounding. */
  async #each(
    rows: readonly Int32Array[],
    layers: number,
    { batch = 32, ...options }: EncodeOptions,
    give: (i: number, found: Float32Array) => void,
  ): Promise<void> {
    try {
      for (const [time, members] of byPaddedLength(rows))
        for (let from = 0; from < members.length; from += batch) {
          const some = members.slice(from, from + batch);
          const all = await this.network.run(some.map((i) => rows[i]), time, layers, options); // prettier-ignore
          const size = all.length / some.length;
          some.forEach((i, b) => {
            // of what is padded nothing is taken
            const taken = this.network.gives === 'vectors' ? size : (size / time) * rows[i].length;
            const found = all.slice(b * size, b * size + taken);
            const bad = found.findIndex((x) => !Number.isFinite(x));
            if (bad >= 0) throw new HabsburgError('verification', `the hidden states of text ${i} are not finite: its weights are damaged`); // prettier-ignore
            give(i, found);
          });
        }
    } finally {
      await this.network.release();
    }
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

async function readWeights(dir: string, architecture: EncoderArchitecture, config: EncoderConfig): Promise<Weights> {
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
  return weights;
}
