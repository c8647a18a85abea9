/**
 * A GGUF file as a Hugging Face checkpoint: its metadata as config.json, its tensors under Hugging Face names and laid out as
 * there. llama.cpp's converter stores Llama's queries and keys with the two halves of every rotated pair side by side, and Conv1D
 * weights turned round; both are undone.
 */
import { HabsburgError } from '../../common/errors.js';
import { parseConfig } from '../models/index.js';
import type { ConfigJson } from '../models/types.js';
import { openGguf, type GgufMetadata } from './gguf.js';
import type { NamedTensor, Weights } from './safetensors.js';

type Rearrange = (tensor: NamedTensor, json: ConfigJson) => NamedTensor;

interface GgufArchitecture {
  readonly modelType: string;
  readonly className: string;
  /** config.json's fields by the metadata's, which begin with the architecture's name */
  readonly fields: Readonly<Record<string, string>>;
  /** names outside the layers and, behind `blk.N.`, inside them, without `.weight` and `.bias` */
  readonly names: Readonly<Record<string, string>>;
  readonly layer: string;
  readonly layerNames: Readonly<Record<string, string>>;
  readonly rearrange: Readonly<Record<string, Rearrange>>;
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
      attn_q: (tensor, json) => splitHalves(tensor, json.num_attention_heads as number),
      attn_k: (tensor, json) => splitHalves(tensor, (json.num_key_value_heads ?? json.num_attention_heads) as number),
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
    rearrange: { attn_qkv: transposed, attn_output: transposed, ffn_up: transposed, ffn_down: transposed },
  },
};

/**
 * @returns the config's content and the weights under their names in a Hugging Face checkpoint
 * @throws HabsburgError `notFound`, `verification`, or `invalid` naming what is not supported
 */
export async function readGgufModel(path: string): Promise<{ json: ConfigJson; weights: Weights }> {
  const file = await openGguf(path);
  try {
    const name = file.metadata.get('general.architecture');
    if (typeof name !== 'string' || !Object.hasOwn(ARCHITECTURES, name))
      throw new HabsburgError(
        'invalid',
        `${path}: general.architecture ${JSON.stringify(name)} is not supported; known: ${Object.keys(ARCHITECTURES).join(', ')}`,
      );
    const architecture = ARCHITECTURES[name];
    const json = configOf(file.metadata, name, architecture, path);
    parseConfig(json, path); // says what is wrong before the tensors are read
    const weights: Weights = new Map();
    for await (const [tensorName, tensor] of file.tensors()) {
      const [, layer, base, kind] = /^(?:blk\.(\d+)\.)?(.+)\.(weight|bias)$/.exec(tensorName) ?? [];
      const known = layer === undefined ? architecture.names : architecture.layerNames;
      if (base === undefined || !Object.hasOwn(known, base))
        throw new HabsburgError(
          'invalid',
          `${path}: the tensor ${JSON.stringify(tensorName)} is not supported for general.architecture ${name}`,
        );
      const prefix = layer === undefined ? '' : `${architecture.layer}${layer}.`;
      const rearrange = layer === undefined ? undefined : (architecture.rearrange[base] as Rearrange | undefined);
      weights.set(`${prefix}${known[base]}.${kind}`, rearrange?.(tensor, json) ?? tensor);
    }
    const tied = !weights.has('lm_head.weight');
    return { json: { ...json, tie_word_embeddings: tied }, weights };
  } finally {
    await file.close();
  }
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

/** (heads · headSize, …) with rows 2i, 2i + 1 of a head -> rows i, i + headSize / 2. */
function splitHalves({ shape, data }: NamedTensor, heads: number): NamedTensor {
  const width = data.length / shape[0];
  const half = shape[0] / heads / 2;
  const out = new Float32Array(data.length);
  for (let row = 0; row < shape[0]; row++) {
    const head = Math.floor(row / (2 * half));
    const within = row % (2 * half);
    const source = (head * half + (within % half)) * 2 + Math.floor(within / half);
    out.set(data.subarray(source * width, (source + 1) * width), row * width);
  }
  return { shape, data: out };
}

/** (out, in) -> (in, out); a bias stays. */
function transposed(tensor: NamedTensor): NamedTensor {
  if (tensor.shape.length !== 2) return tensor;
  const { shape: [rows, columns], data } = tensor; // prettier-ignore
  const out = new Float32Array(data.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = data[r * columns + c];
  return { shape: [columns, rows], data: out };
}
