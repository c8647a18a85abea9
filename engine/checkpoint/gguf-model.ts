/**
 * A GGUF file as a Hugging Face checkpoint: its metadata as config.json, its tensors under Hugging Face names and laid out as
 * there. llama.cpp's converter stores Llama's queries and keys with the two halves of every rotated pair side by side, and Conv1D
 * weights turned round; both are undone.
 */
import { HabsburgError } from '../../common/errors.js';
import { parseConfig } from '../models/index.js';
import type { ConfigJson } from '../models/types.js';
import { ggmlBlocks, type Bits, type Blocks } from './blocks.js';
import { openGguf, type GgufMetadata, type GgufTensor } from './gguf.js';
import type { TensorSource, TensorSources } from './safetensors.js';
import { transposed } from './stored.js';

/** How a tensor has to be laid out anew: heads of so many (a field of config.json) halved, or turned round. */
type Arrangement = { readonly heads: string } | 'in-out';

interface GgufArchitecture {
  readonly modelType: string;
  readonly className: string;
  /** config.json's fields by the metadata's, which begin with the architecture's name */
  readonly fields: Readonly<Record<string, string>>;
  /** names outside the layers and, behind `blk.N.`, inside them, without `.weight` and `.bias` */
  readonly names: Readonly<Record<string, string>>;
  readonly layer: string;
  readonly layerNames: Readonly<Record<string, string>>;
  readonly rearrange: Readonly<Record<string, Arrangement>>;
}

const LLAMA_FIELDS = {
  block_count: 'num_hidden_layers',
  context_length: 'max_position_embeddings',
  embedding_length: 'hidden_size',
  feed_forward_length: 'intermediate_size',
  'attention.head_count': 'num_attention_heads',
  'attention.head_count_kv': 'num_key_value_heads',
  'attention.key_length': 'head_dim',
  'attention.layer_norm_rms_epsilon': 'rms_norm_eps',
  'rope.freq_base': 'rope_theta',
};
const LLAMA_NAMES = { token_embd: 'model.embed_tokens', output_norm: 'model.norm', output: 'lm_head' };
const LLAMA_LAYER = {
  attn_norm: 'input_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
  ffn_norm: 'post_attention_layernorm',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
};

const ARCHITECTURES: Readonly<Record<string, GgufArchitecture>> = {
  llama: {
    modelType: 'llama',
    className: 'LlamaForCausalLM',
    fields: LLAMA_FIELDS,
    names: LLAMA_NAMES,
    layer: 'model.layers.',
    layerNames: LLAMA_LAYER,
    rearrange: {
      attn_q: { heads: 'num_attention_heads' },
      attn_k: { heads: 'num_key_value_heads' },
    },
  },
  qwen2: {
    modelType: 'qwen2',
    className: 'Qwen2ForCausalLM',
    fields: LLAMA_FIELDS,
    names: LLAMA_NAMES,
    layer: 'model.layers.',
    layerNames: LLAMA_LAYER,
    rearrange: {},
  },
  gpt2: {
    modelType: 'gpt2',
    className: 'GPT2LMHeadModel',
    fields: {
      block_count: 'n_layer',
      context_length: 'n_positions',
      embedding_length: 'n_embd',
      feed_forward_length: 'n_inner',
      'attention.head_count': 'n_head',
      'attention.layer_norm_epsilon': 'layer_norm_epsilon',
    },
    names: {
      token_embd: 'transformer.wte',
      position_embd: 'transformer.wpe',
      output_norm: 'transformer.ln_f',
      output: 'lm_head',
    },
    layer: 'transformer.h.',
    layerNames: {
      attn_norm: 'ln_1',
      attn_qkv: 'attn.c_attn',
      attn_output: 'attn.c_proj',
      ffn_norm: 'ln_2',
      ffn_up: 'mlp.c_fc',
      ffn_down: 'mlp.c_proj',
    },
    rearrange: { attn_qkv: 'in-out', attn_output: 'in-out', ffn_up: 'in-out', ffn_down: 'in-out' },
  },
};

/**
 * @returns the config's content and the weights under their names in a Hugging Face checkpoint
 * @throws HabsburgError `notFound`, `verification`, or `invalid` naming what is not supported
 */
export async function readGgufModel(path: string): Promise<{ json: ConfigJson; sources: TensorSources }> {
  const file = await openGguf(path);
  const name = file.metadata.get('general.architecture');
  if (typeof name !== 'string' || !Object.hasOwn(ARCHITECTURES, name))
    throw new HabsburgError(
      'invalid',
      `${path}: general.architecture ${JSON.stringify(name)} is not supported; known: ${Object.keys(ARCHITECTURES).join(', ')}`,
    );
  const architecture = ARCHITECTURES[name];
  const json = configOf(file.metadata, name, architecture, path);
  parseConfig(json, path); // says what is wrong before the tensors are looked at
  const sources: TensorSources = new Map();
  for (const tensor of file.tensors) {
    const [, layer, base, kind] = /^(?:blk\.(\d+)\.)?(.+)\.(weight|bias)$/.exec(tensor.name) ?? [];
    const known = layer === undefined ? architecture.names : architecture.layerNames;
    if (base === undefined || !Object.hasOwn(known, base))
      throw new HabsburgError(
        'invalid',
        `${path}: the tensor ${JSON.stringify(tensor.name)} is not supported for general.architecture ${name}`,
      );
    const prefix = layer === undefined ? '' : `${architecture.layer}${layer}.`;
    const arrange = layer === undefined ? undefined : (architecture.rearrange[base] as Arrangement | undefined);
    sources.set(`${prefix}${known[base]}.${kind}`, sourceOf(tensor, arrange, json));
  }
  const tied = !sources.has('lm_head.weight');
  return { json: { ...json, tie_word_embeddings: tied }, sources };
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
  const order = splitHalves(shape[0], json[arrangement.heads] ?? json.num_attention_heads);
  const keptInOrder = async (): Promise<Blocks> => {
    const { blocks, scales } = await kept();
    return { bits: bits!, blocks: rowsInOrder(blocks, order), scales: rowsInOrder(scales, order) };
  };
  return { ...plain, read: async () => rowsInOrder(await floats(), order), blocks: bits && { bits, read: keptInOrder } };
}

function configOf(metadata: GgufMetadata, name: string, architecture: GgufArchitecture, path: string): ConfigJson {
  const json: Record<string, unknown> = { architectures: [architecture.className], model_type: architecture.modelType };
  for (const [field, ours] of Object.entries(architecture.fields)) {
    const value = metadata.get(`${name}.${field}`);
    if (value !== undefined) json[ours] = value;
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

/** For heads whose rows 2i, 2i + 1 are to be rows i, i + headSize / 2: the row that each new one comes from. */
function splitHalves(rows: number, heads: unknown): Int32Array {
  const half = rows / (heads as number) / 2;
  return Int32Array.from({ length: rows }, (_, row) => {
    const head = Math.floor(row / (2 * half));
    const within = row % (2 * half);
    return (head * half + (within % half)) * 2 + Math.floor(within / half);
  });
}

/** The rows of a matrix in another order. */
function rowsInOrder<T extends Float32Array | Uint8Array>(data: T, order: Int32Array): T {
  const width = data.length / order.length;
  const out = data.slice() as T;
  order.forEach((from, row) => out.set(data.subarray(from * width, (from + 1) * width), row * width));
  return out;
}
