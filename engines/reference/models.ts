/** The decoders that this engine knows, from token ids to the states before the output layer. Configs and names are transformers'. */
import type { Gpt2Config } from '../../engine/models/gpt2.js';
import type { LlamaConfig } from '../../engine/models/llama.js';
import type { OptConfig } from '../../engine/models/opt.js';
import type { DecoderConfig } from '../../engine/models/types.js';
import { activation, add, attention, gather, linear, multiply, norm, rotate } from './layers.js';
import { Matrix, type Tape } from './tape.js';

/** A parameter by its name. */
export type Parameters = (name: string) => Matrix;

/** (T, width of the output layer) of a sequence of T ids */
type Decoder<C extends DecoderConfig> = (tape: Tape, config: C, get: Parameters, ids: readonly number[]) => Matrix;

const positionsOf = (ids: readonly number[], offset = 0): number[] => ids.map((_, t) => t + offset);

/** Zhang et al. 2022, arXiv:2205.01068: pre-LN, or post-LN with projections. */
const opt: Decoder<OptConfig> = (tape, config, get, ids) => {
  const root = 'model.decoder.';
  const layerNorm = (name: string, x: Matrix) => norm(tape, x, get(`${name}.weight`), get(`${name}.bias`), 1e-5);
  const dense = (name: string, x: Matrix, bias = config.bias) =>
    linear(tape, x, get(`${name}.weight`), bias ? get(`${name}.bias`) : undefined);
  const projected = config.embeddingSize !== config.hiddenSize;

  let x = gather(tape, get(`${root}embed_tokens.weight`), ids, config.paddingId);
  if (projected) x = dense(`${root}project_in`, x, false);
  x = add(tape, x, gather(tape, get(`${root}embed_positions.weight`), positionsOf(ids, 2)));
  for (let i = 0; i < config.layers; i++) {
    const at = `${root}layers.${i}.`;
    const attend = (y: Matrix) => {
      const [q, k, v] = ['q_proj', 'k_proj', 'v_proj'].map((name) => dense(`${at}self_attn.${name}`, y));
      return dense(`${at}self_attn.out_proj`, attention(tape, q, k, v, config));
    };
    const feedForward = (y: Matrix) => dense(`${at}fc2`, activation(tape, dense(`${at}fc1`, y), config.activation));
    if (config.preNorm) {
      x = add(tape, x, attend(layerNorm(`${at}self_attn_layer_norm`, x)));
      x = add(tape, x, feedForward(layerNorm(`${at}final_layer_norm`, x)));
    } else {
      x = layerNorm(`${at}self_attn_layer_norm`, add(tape, x, attend(x)));
      x = layerNorm(`${at}final_layer_norm`, add(tape, x, feedForward(x)));
    }
  }
  if (config.finalNorm) x = layerNorm(`${root}final_layer_norm`, x);
  return projected ? dense(`${root}project_out`, x, false) : x;
};

/** Radford et al. 2019: pre-LN, one projection for queries, keys and values, weights stored (in, out). */
const gpt2: Decoder<Gpt2Config> = (tape, config, get, ids) => {
  const d = config.hiddenSize;
  const layerNorm = (name: string, x: Matrix) => norm(tape, x, get(`${name}.weight`), get(`${name}.bias`), config.epsilon);
  const dense = (name: string, x: Matrix) => linear(tape, x, get(`${name}.weight`), get(`${name}.bias`), true);

  let x = add(
    tape,
    gather(tape, get('transformer.wte.weight'), ids),
    gather(tape, get('transformer.wpe.weight'), positionsOf(ids)),
  );
  for (let i = 0; i < config.layers; i++) {
    const at = `transformer.h.${i}.`;
    const all = dense(`${at}attn.c_attn`, layerNorm(`${at}ln_1`, x));
    const [q, k, v] = [0, 1, 2].map((part) => columns(tape, all, part * d, d));
    x = add(tape, x, dense(`${at}attn.c_proj`, attention(tape, q, k, v, config)));
    const inner = activation(tape, dense(`${at}mlp.c_fc`, layerNorm(`${at}ln_2`, x)), config.activation);
    x = add(tape, x, dense(`${at}mlp.c_proj`, inner));
  }
  return layerNorm('transformer.ln_f', x);
};

/** Touvron et al. 2023, arXiv:2307.09288: RMSNorm, rotary positions, grouped queries, SwiGLU. */
const llama: Decoder<LlamaConfig> = (tape, config, get, ids) => {
  const { heads, keyHeads, rotary, bias } = config;
  const rmsNorm = (name: string, x: Matrix) => norm(tape, x, get(`${name}.weight`), undefined, config.epsilon);
  const dense = (name: string, x: Matrix, withBias: boolean) =>
    linear(tape, x, get(`${name}.weight`), withBias ? get(`${name}.bias`) : undefined);

  let x = gather(tape, get('model.embed_tokens.weight'), ids, config.paddingId);
  for (let i = 0; i < config.layers; i++) {
    const at = `model.layers.${i}.`;
    const y = rmsNorm(`${at}input_layernorm`, x);
    const [q, k, v] = ['q_proj', 'k_proj', 'v_proj'].map((name) => dense(`${at}self_attn.${name}`, y, bias.queryKeyValue));
    const turned = [rotate(tape, q, heads, rotary), rotate(tape, k, keyHeads, rotary)] as const;
    const context = attention(tape, ...turned, v, { heads, keyHeads, window: config.windows?.[i] });
    x = add(tape, x, dense(`${at}self_attn.o_proj`, context, bias.out));
    const z = rmsNorm(`${at}post_attention_layernorm`, x);
    const gate = activation(tape, dense(`${at}mlp.gate_proj`, z, bias.feedForward), config.activation);
    const gated = multiply(tape, gate, dense(`${at}mlp.up_proj`, z, bias.feedForward));
    x = add(tape, x, dense(`${at}mlp.down_proj`, gated, bias.feedForward));
  }
  return rmsNorm('model.norm', x);
};

/** `count` columns of x from `first` on. */
function columns(tape: Tape, x: Matrix, first: number, count: number): Matrix {
  const out = new Matrix(x.rows, count);
  const walk = (visit: (at: number, from: number) => void): void => {
    for (let t = 0; t < x.rows; t++) for (let i = 0; i < count; i++) visit(t * count + i, t * x.columns + first + i);
  };
  walk((at, from) => (out.data[at] = x.data[from]));
  tape.note(() => walk((at, from) => (x.gradient[from] += out.gradient[at])));
  return out;
}

/** By model_type. Mistral and Qwen2 are Llama's decoder with other configs. */
export const DECODERS: Readonly<Record<string, Decoder<never>>> = { opt, gpt2, llama, mistral: llama, qwen2: llama };
