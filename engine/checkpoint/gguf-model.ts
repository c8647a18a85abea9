/**
 * A GGUF file as a Hugging Face checkpoint: its metadata as config.json, its tensors under Hugging Face names and laid out as
 * there, by what the architecture says of llama.cpp's converter (models/gguf.ts).
 */
import { HabsburgError } from '../../common/errors.js';
import { ConfigReader } from '../models/config.js';
import type { Arrangement, GgufLayout } from '../models/gguf.js';
import { GGUF_ARCHITECTURES, parseConfig } from '../models/index.js';
import { parseRotary } from '../models/rotary.js';
import type { ConfigJson } from '../models/types.js';
import { ggmlBlocks, type Bits, type Blocks } from './blocks.js';
import { openGguf, type GgufMetadata, type GgufTensor, type GgufValue } from './gguf.js';
import type { TensorSource, TensorSources } from './safetensors.js';
import { transposed } from './stored.js';

/**
 * @returns the config's content and the weights under their names in a Hugging Face checkpoint
 * @throws HabsburgError `notFound`, `verification`, or `invalid` naming what is not supported
 */
export async function readGgufModel(path: string): Promise<{ json: ConfigJson; sources: TensorSources }> {
  const file = await openGguf(path);
  const name = file.metadata.get('general.architecture');
  const architecture = GGUF_ARCHITECTURES.get(String(name));
  const layout = architecture?.gguf;
  if (layout === undefined)
    throw new HabsburgError(
      'invalid',
      `${path}: general.architecture ${JSON.stringify(name)} is not supported; known: ${[...GGUF_ARCHITECTURES.keys()].join(', ')}`,
    );
  checkKind(file.metadata, path);
  checkKeys(file.metadata, layout, path);
  const plain = configOf(file.metadata, architecture!.modelType, layout, path);
  parseConfig(plain, path); // says what is wrong before the tensors are looked at
  const divisors = file.tensors.find((tensor) => tensor.name === ROPE_FREQS);
  const json = divisors === undefined ? plain : { ...plain, ...(await ropeOfDivisors(divisors, plain, layout, path)) };
  const sources: TensorSources = new Map();
  for (const tensor of file.tensors) {
    if (tensor === divisors) continue;
    const [, layer, base, kind] = /^(?:blk\.(\d+)\.)?(.+)\.(weight|bias)$/.exec(tensor.name) ?? [];
    const known = layer === undefined ? layout.names : layout.layerNames;
    if (base === undefined || !Object.hasOwn(known, base))
      throw new HabsburgError(
        'invalid',
        `${path}: the tensor ${JSON.stringify(tensor.name)} is not supported for general.architecture ${layout.name}`,
      );
    const prefix = layer === undefined ? '' : `${layout.layer}${layer}.`;
    const arrange = layout.rearrange[base] as Arrangement | undefined;
    sources.set(`${prefix}${known[base]}.${kind}`, sourceOf(tensor, arrange, json));
  }
  const biases = Object.fromEntries(
    Object.entries(layout.biases ?? {}).map(([field, module]) => [field, sources.has(`${layout.layer}0.${module}.bias`)]),
  );
  return { json: { ...json, ...biases, tie_word_embeddings: !sources.has(`${layout.names.output}.weight`) }, sources };
}

/** Files of the same container that are no whole model. */
function checkKind(metadata: GgufMetadata, path: string): void {
  const kind = metadata.get('general.type') ?? 'model';
  if (kind !== 'model') throw new HabsburgError('invalid', `${path} holds no model: its general.type is ${JSON.stringify(kind)}`);
  const parts = Number(metadata.get('split.count') ?? 0);
  if (parts > 1)
    throw new HabsburgError('invalid', `${path} is one of ${parts} parts of a model; join them with llama-gguf-split --merge`);
}

/** Keys about a model that say what its tensors say too, or nothing about how it computes. */
const WITHOUT_EFFECT = ['vocab_size', 'tensor_data_layout', 'rope.scaling.type', 'rope.scaling.factor', 'rope.scaling.finetuned'];

/** @throws HabsburgError `invalid` for a key about the architecture that is not obeyed */
function checkKeys(metadata: GgufMetadata, { name, fields }: GgufLayout, path: string): void {
  const field = (key: string): GgufValue | undefined => metadata.get(`${name}.${key}`);
  const heads = field('attention.key_length') ?? Number(field('embedding_length')) / Number(field('attention.head_count'));
  // What the key must be worth: what the model computes anyway.
  const fixed: Readonly<Record<string, (value: GgufValue) => boolean>> = {
    'attention.value_length': (value) => Number(value) === Number(heads),
    'rope.dimension_count': (value) => Number(value) === Number(heads),
    'attention.causal': (value) => value === true,
    'expert_count': (value) => value === 0,
    'expert_used_count': (value) => value === 0,
    'use_parallel_residual': (value) => value === false,
    'attention.sliding_window': (value) => Number(value) === 0 || Number(value) >= Number(field('context_length')),
    'rope.scale_linear': (value) => value === 1,
    'rope.scaling.original_context_length': () => (field('rope.scaling.type') ?? 'none') !== 'yarn',
    'rope.scaling.attn_factor': (value) => value === 1,
  }; // prettier-ignore
  for (const [key, value] of metadata) {
    if (!key.startsWith(`${name}.`)) continue;
    const short = key.slice(name.length + 1);
    if (Object.hasOwn(fields, short) || WITHOUT_EFFECT.includes(short)) continue;
    if (Object.hasOwn(fixed, short) && fixed[short](value)) continue;
    throw new HabsburgError(
      'invalid',
      `${path}: ${key} ${JSON.stringify(value, (_, x: unknown) => (typeof x === 'bigint' ? Number(x) : x)).slice(0, 100)} is not supported`,
    );
  }
}

/** How llama.cpp's converter writes Llama 3's positions: what each frequency is divided by. */
const ROPE_FREQS = 'rope_freqs.weight';
/** Llama 3.1's, 3.2's and 3.3's settings, but for the factor. */
const LLAMA3 = { low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 };

/**
 * The rope_parameters that say the same as the divisors: Llama 3's own where they give these numbers, or else LongRoPE's, which names
 * every one.
 */
async function ropeOfDivisors(
  tensor: GgufTensor,
  json: ConfigJson,
  { ropeDivisors, name }: GgufLayout,
  path: string,
): Promise<ConfigJson> {
  const read = new ConfigReader(json, path);
  const headSize = Number(json.head_dim ?? Number(json.hidden_size) / Number(json.num_attention_heads));
  const divisors = tensor.type.dequantise(await tensor.bytes());
  if (ropeDivisors !== true)
    throw new HabsburgError('invalid', `${path}: the tensor "${ROPE_FREQS}" is not supported for general.architecture ${name}`);
  if (tensor.shape.join() !== String(headSize / 2) || !divisors.every((x) => x > 0 && x < Infinity))
    throw new HabsburgError('invalid', `${path}: the tensor "${ROPE_FREQS}" is supported with a positive number for each of ${headSize / 2} pairs`); // prettier-ignore
  if (json.rope_scaling !== undefined)
    throw new HabsburgError('invalid', `${path}: the tensor "${ROPE_FREQS}" and rope.scaling.type exclude each other`);
  const longest = read.size('max_position_embeddings', 2048);
  const rope_theta = read.number('rope_theta', 10000);
  const factor = divisors.reduce((a, b) => Math.max(a, b), 1);
  const frequencies = (rope_parameters: ConfigJson): Float32Array =>
    parseRotary(new ConfigReader({ ...json, rope_parameters }, path), headSize, longest).frequencies;
  const plain = frequencies({ rope_type: 'default', rope_theta });
  const llama3 = { rope_type: 'llama3', rope_theta, factor, ...LLAMA3 };
  const same = frequencies(llama3).every((x, i) => Math.abs((x * divisors[i]) / plain[i] - 1) < 1e-5);
  const list = Array.from(divisors);
  const longrope = { rope_type: 'longrope', rope_theta, factor: 1, attention_factor: 1, short_factor: list, long_factor: list, original_max_position_embeddings: longest }; // prettier-ignore
  return { rope_parameters: same ? llama3 : longrope };
}

/** A tensor under Hugging Face's arrangement of it. */
function sourceOf({ shape, type, bytes }: GgufTensor, arrangement: Arrangement | undefined, json: ConfigJson): TensorSource {
  const floats = async (): Promise<Float32Array> => type.dequantise(await bytes());
  const bits = ({ Q8_0: 8, Q4_0: 4 } as Readonly<Record<string, Bits | undefined>>)[type.name];
  const kept = async (): Promise<Blocks> => ggmlBlocks(await bytes(), bits!);
  const plain: TensorSource = { shape, dtype: type.name, read: floats, blocks: bits && { bits, read: kept } };
  if (arrangement === undefined) return plain;
  if (arrangement === 'in-out') {
    if (shape.length !== 2) return plain;
    const [rows, columns] = shape;
    return { ...plain, shape: [columns, rows], read: async () => transposed(await floats(), rows, columns) };
  }
  if ('add' in arrangement)
    return { shape, dtype: type.name, read: async () => (await floats()).map((x) => x + arrangement.add) };
  const order = arrangement.order(shape[0], json);
  const keptInOrder = async (): Promise<Blocks> => {
    const { blocks, scales } = await kept();
    return { bits: bits!, blocks: rowsInOrder(blocks, order), scales: rowsInOrder(scales, order) };
  };
  return { ...plain, read: async () => rowsInOrder(await floats(), order), blocks: bits && { bits, read: keptInOrder } };
}

function configOf(metadata: GgufMetadata, modelType: string, layout: GgufLayout, path: string): ConfigJson {
  const { name } = layout;
  const json: Record<string, unknown> = { architectures: [layout.className], model_type: modelType };
  const key = (short: string): GgufValue | undefined => metadata.get(`${name}.${short}`);
  for (const [short, ours] of Object.entries(layout.fields)) {
    const value = key(short);
    if (value === undefined) continue;
    if (typeof ours === 'string') json[ours] = value;
    else Object.assign(json, ours(value, key));
  }
  const scaling = metadata.get(`${name}.rope.scaling.type`);
  if (scaling !== undefined && scaling !== 'none') {
    if (scaling !== 'linear')
      throw new HabsburgError(
        'invalid',
        `${path}: ${name}.rope.scaling.type is supported as "linear" only, not ${JSON.stringify(scaling)}`,
      );
    json.rope_scaling = { type: 'linear', factor: metadata.get(`${name}.rope.scaling.factor`) };
  }
  const tokens = metadata.get('tokenizer.ggml.tokens');
  const size = metadata.get(`${name}.vocab_size`) ?? (Array.isArray(tokens) ? tokens.length : undefined);
  if (size !== undefined) json.vocab_size = size;
  for (const [field, ours] of [
    ['bos', 'bos_token_id'],
    ['eos', 'eos_token_id'],
    ['padding', 'pad_token_id'],
  ] as const) {
    json[ours] = metadata.get(`tokenizer.ggml.${field}_token_id`) ?? null;
  }
  return json;
}

/** The rows of a matrix in another order. */
function rowsInOrder<T extends Float32Array | Uint8Array>(data: T, order: Int32Array): T {
  const width = data.length / order.length;
  const out = data.slice() as T;
  order.forEach((from, row) => out.set(data.subarray(from * width, (from + 1) * width), row * width));
  return out;
}
