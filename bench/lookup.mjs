#!/usr/bin/env node
// Prompt lookup against plain greedy search on text that copies from its prompt:
//   node bench/lookup.mjs [--copy 0.95,0.8,0.5] [--draft 10] [--prompts 2] [--pairs 3] [--threads 2]
// The model has the shape of OPT-125m and is made to continue every token with one certain token; a prompt of 400 tokens follows
// the same chain with probability `copy` at each token and jumps elsewhere otherwise, so a draft is right until the prompt jumps.
// Runs take turns. Needs a build (npm run build).
import { parseArgs } from 'node:util';
import { CounterRng } from '../dist/common/philox.js';
import { DECODING_DEFAULTS } from '../dist/engine/generate/decoding.js';
import { generateRows } from '../dist/engine/generate/index.js';
import { initialWeights, parseConfig } from '../dist/engine/index.js';

const { values: flags } = parseArgs({
  options: {
    copy: { type: 'string', default: '0.95,0.8,0.5' },
    draft: { type: 'string', default: '10' },
    prompts: { type: 'string', default: '2' },
    pairs: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
  },
});
const PROMPT = 400;
const NEW_TOKENS = 128;
const CHAIN = 200; // tokens 4 … 203 follow each other in a circle

const rng = new CounterRng({ seed: 1, generation: 0, member: 'bench', step: 'lookup' });
const model = copier();
for (const copy of flags.copy.split(',').map(Number)) {
  const prompts = Array.from({ length: Number(flags.prompts) }, (_, b) => promptOf(copy, b));
  const times = { plain: [], lookup: [] };
  for (let pair = 0; pair < Number(flags.pairs); pair++) {
    const plain = await generate(prompts, 0);
    const lookup = await generate(prompts, Number(flags.draft));
    if (plain.rows.join() !== lookup.rows.join()) throw new Error('prompt lookup changed the tokens');
    times.plain.push(plain.seconds);
    times.lookup.push(lookup.seconds);
  }
  const ratios = times.plain.map((seconds, i) => seconds / times.lookup[i]).sort((a, b) => a - b);
  const rate = (seconds) => ((NEW_TOKENS * prompts.length) / Math.min(...seconds)).toFixed(1);
  console.log(
    `copy ${copy}: plain ${rate(times.plain)} tokens/s, lookup ${rate(times.lookup)} tokens/s, ratio of pairs ${ratios.map((r) => r.toFixed(2)).join(' ')}`,
  );
}

function copier() {
  const json = {
    model_type: 'opt', architectures: ['OPTForCausalLM'], vocab_size: 50272, hidden_size: 768, num_hidden_layers: 12,
    num_attention_heads: 12, ffn_dim: 3072, max_position_embeddings: 2048, word_embed_proj_dim: 768, do_layer_norm_before: true,
    activation_function: 'relu', dropout: 0, init_std: 0.02, tie_word_embeddings: false, bos_token_id: 2, eos_token_id: 2, pad_token_id: 1,
  }; // prettier-ignore
  const config = parseConfig(json, 'config.json');
  const weights = initialWeights(config, rng.derive('weights'));
  const { hiddenSize } = config;
  const table = weights.get('model.decoder.embed_tokens.weight').data;
  const head = weights.get('lm_head.weight').data;
  for (let i = 0; i < CHAIN; i++) {
    const next = 4 + ((i + 1) % CHAIN);
    head.set(table.subarray((4 + i) * hiddenSize, (5 + i) * hiddenSize), next * hiddenSize);
  }
  // Layers that add little to the residual stream, so that the head sees the token.
  for (const [name, { data }] of weights) if (/out_proj|fc2/.test(name)) data.forEach((x, i) => (data[i] = 0.05 * x));
  return { config, weights };
}

function promptOf(copy, b) {
  const draw = rng.derive(`prompt-${copy}`);
  const ids = new Int32Array(PROMPT);
  for (let t = 0; t < PROMPT; t++) {
    const jump = t === 0 || draw.uniform(t, 2 * b) >= copy;
    ids[t] = jump ? 4 + draw.integer(CHAIN, t, 2 * b + 1) : 4 + ((ids[t - 1] - 3) % CHAIN);
  }
  return ids;
}

async function generate(prompts, draft) {
  const rows = [];
  const began = performance.now();
  await generateRows({
    model,
    prompts,
    settings: {
      ...DECODING_DEFAULTS,
      strategy: 'greedy',
      batch: 1,
      maxNewTokens: NEW_TOKENS,
      minNewTokens: NEW_TOKENS,
      promptLookupNumTokens: draft,
    },
    eosTokenId: [2],
    rng,
    threads: Number(flags.threads),
    onBatch: async (_, batch) => void rows.push(...batch.map((row) => Array.from(row))),
  });
  return { rows, seconds: (performance.now() - began) / 1000 };
}
