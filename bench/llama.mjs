#!/usr/bin/env node
// Writes a Llama checkpoint of 1.1 billion parameters (TinyLlama's shape) with random float16 weights, for measuring memory and speed:
//   node bench/llama.mjs OUT [--layers 22]
// The weights are one drawn piece over and over, from another place in every tensor (onnxruntime packs equal tensors once). Needs a
// build (npm run build).
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CounterRng } from '../dist/common/philox.js';
import { toFloat16 } from '../dist/engine/checkpoint/halfprecision.js';
import { writeJson } from '../dist/engine/checkpoint/json.js';
import { writeTensors } from '../dist/engine/checkpoint/safetensors.js';
import { architectureOf, parseConfig } from '../dist/engine/models/index.js';

const { values: flags, positionals: [out] } = parseArgs({ allowPositionals: true, options: { layers: { type: 'string', default: '22' } } }); // prettier-ignore
const json = {
  model_type: 'llama', architectures: ['LlamaForCausalLM'], vocab_size: 32000, hidden_size: 2048, num_hidden_layers: Number(flags.layers),
  num_attention_heads: 32, num_key_value_heads: 4, intermediate_size: 5632, max_position_embeddings: 2048, rms_norm_eps: 1e-5,
  rope_theta: 10000, tie_word_embeddings: false, hidden_act: 'silu', bos_token_id: 1, eos_token_id: 2, dtype: 'float16',
}; // prettier-ignore
const config = parseConfig(json, 'config.json');
const rng = new CounterRng({ seed: 1, generation: 0, member: 'bench', step: 'llama' });
const piece = toFloat16(Float32Array.from({ length: 1 << 20 }, (_, i) => 0.02 * rng.normal(i, 0)));
const ones = new Uint16Array(1 << 20).fill(0x3c00);

const tensors = architectureOf('llama')
  .parameters(config)
  .map(({ name, shape, init }, tensor) => ({
    name,
    dtype: 'F16',
    shape,
    bytes: async () => {
      const source = init.kind === 'ones' ? ones : piece;
      const size = shape.reduce((a, b) => a * b, 1);
      const parts = [];
      for (let done = 0, from = (7919 * tensor) % source.length; done < size; from = 0) {
        parts.push(source.subarray(from, Math.min(source.length, from + size - done)));
        done += parts.at(-1).length;
      }
      return parts.map((part) => new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
    },
  }));
mkdirSync(out, { recursive: true });
await writeJson(join(out, 'config.json'), json);
await writeTensors(join(out, 'model.safetensors'), tensors, 'pt');
const count = tensors.reduce((n, { shape }) => n + shape.reduce((a, b) => a * b, 1), 0);
console.log(`wrote ${out}: ${(count / 1e9).toFixed(2)} billion parameters`);
