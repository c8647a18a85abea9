/**
 * An encoder or a classifier that is given as an ONNX file, as Optimum and sentence-transformers export it: what it takes and gives goes by
 * name. It computes what the file says, so that architectures of which the engine knows nothing serve, too.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HabsburgError } from '../../common/errors.js';
import { hasWeights } from '../checkpoint/weight-files.js';
import type { ConfigReader } from '../models/config.js';
import { Session, type Tensor } from '../session.js';
import { encoderOf, isEncoder } from './index.js';
import type { Network, NetworkOptions } from './network.js';
import type { EncoderConfig } from './types.js';

/** Where such a file lies in a folder, the first that is there. */
const NAMES = ['model.onnx', join('onnx', 'model.onnx')];

/** What a text's states may be called, and its vector. */
const STATES = ['last_hidden_state', 'token_embeddings'];
const VECTOR = 'sentence_embedding';
/** What a classifier gives. */
export const LOGITS = 'logits';

const INPUTS = ['input_ids', 'attention_mask', 'token_type_ids'] as const;
type Input = (typeof INPUTS)[number];

/** What computes where a folder has no weights: its ONNX file, if there is one. @param wanted of it */
export async function onnxFileOf(dir: string, read: ConfigReader, wanted?: readonly string[]): Promise<OnnxFile | undefined> {
  const path = (await hasWeights(dir)) ? undefined : await onnxFileIn(dir);
  return path === undefined ? undefined : new OnnxFile(path, onnxConfig(read), wanted);
}

async function onnxFileIn(dir: string): Promise<string | undefined> {
  for (const name of NAMES) {
    const found = await stat(join(dir, name)).catch(() => undefined);
    if (found?.isFile()) return join(dir, name);
  }
  return undefined;
}

/**
 * What is known of an encoder whose file computes: its own architecture's fields where the engine knows it, else those that most have.
 * @throws HabsburgError 'invalid' naming a field
 */
function onnxConfig(read: ConfigReader): EncoderConfig {
  const modelType = String(read.get('model_type'));
  if (isEncoder(modelType)) return encoderOf(modelType, read.file).parseConfig(read);
  const vocabularySize = read.size('vocab_size', 2 ** 31 - 1);
  return {
    modelType,
    vocabularySize,
    hiddenSize: read.size('hidden_size', 768),
    layers: read.size('num_hidden_layers', 12),
    heads: read.size('num_attention_heads', 12),
    maxPositions: read.size('max_position_embeddings', 512),
    paddingId: read.paddingId(0, vocabularySize) ?? 0,
  };
}

/** @param wanted what is read of it, the first that it gives */
export class OnnxFile implements Network {
  #open?: { readonly name: string; readonly session: Session; readonly output: string };

  constructor(
    readonly path: string,
    readonly config: EncoderConfig,
    readonly wanted: readonly string[] = [...STATES, VECTOR],
  ) {}

  get gives(): 'states' | 'vectors' {
    return STATES.includes(this.#open?.output ?? '') ? 'states' : 'vectors';
  }

  /** @throws HabsburgError 'invalid' naming what the file takes or gives that does not fit, 'verification' where it cannot be read */
  async run(rows: readonly Int32Array[], time: number, layers: number, options: NetworkOptions): Promise<Float32Array> {
    if (layers !== this.config.layers)
      throw new HabsburgError(
        'invalid',
        `${this.path} gives the states behind its last layer alone; give the encoder's weights as model.safetensors`,
      );
    const { session, output } = await this.#session(options);
    const feeds: Record<string, Tensor> = {};
    for (const { name, dtype } of session.inputs) feeds[name] = inputOf(name as Input, rows, time, this.config.paddingId, dtype!);
    return (await session.run(feeds, [output]))[output].data as Float32Array;
  }

  async release(): Promise<void> {
    const { session } = this.#open ?? {};
    this.#open = undefined;
    await session?.release();
  }

  async #session({ threads, device }: NetworkOptions) {
    const name = [threads, device].join();
    if (this.#open?.name === name) return this.#open;
    await this.release();
    const session = await Session.open(this.path, { threads, device, memory: 'returned' });
    try {
      return (this.#open = { name, session, output: this.#fitting(session) });
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  /** The output to read. */
  #fitting({ inputs, outputs }: Session): string {
    const refuse = (what: string): never => {
      throw new HabsburgError('invalid', `${this.path} ${what}`);
    };
    const names = (some: readonly { readonly name: string }[]): string => some.map(({ name }) => name).join(', ');
    const odd = inputs.filter(({ name }) => !(INPUTS as readonly string[]).includes(name));
    if (odd.length > 0) refuse(`takes ${names(odd)}; an encoder takes ${INPUTS.join(', ')}: export it without the others`);
    for (const name of INPUTS.slice(0, 2))
      if (!inputs.some((one) => one.name === name)) refuse(`takes no ${name}; it takes ${names(inputs)}`);
    for (const { name, dtype } of inputs)
      if (dtype !== 'int64' && dtype !== 'int32') refuse(`takes ${name} as ${dtype}, and token ids are int64 or int32`);
    const output = this.wanted.map((wanted) => outputs.find(({ name }) => name === wanted)).find((one) => one !== undefined);
    if (output === undefined) return refuse(`gives none of ${this.wanted.join(', ')}; it gives ${names(outputs)}`);
    if (output.dtype !== 'float32') refuse(`gives ${output.name} as ${output.dtype}; export it in float32`);
    return output.name;
  }
}

/** (B, T) of an input, rows padded on the right. */
function inputOf(name: Input, rows: readonly Int32Array[], time: number, paddingId: number, dtype: string): Tensor {
  const cells = new Int32Array(rows.length * time).fill(name === 'input_ids' ? paddingId : 0);
  rows.forEach((row, b) => {
    if (name === 'input_ids') cells.set(row, b * time);
    if (name === 'attention_mask') cells.fill(1, b * time, b * time + row.length);
  });
  const shape = [rows.length, time];
  return dtype === 'int32' ? { dtype, shape, data: cells } : { dtype: 'int64', shape, data: BigInt64Array.from(cells, BigInt) };
}
