/** What the architectures have in common, what their configs mean, and what is refused by name. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { CounterRng } from '../../../common/philox.js';
import { loadCheckpoint } from '../../../engine/checkpoint/huggingface.js';
import { parseConfig } from '../../../engine/models/index.js';
import { initialWeights } from '../../../engine/models/initial.js';
import { scoreRows } from '../../../engine/score.js';
import { OTHER_MODELS } from '../../support/golden.js';
import { decoding, generate } from '../../support/generation.js';

const rng = new CounterRng({ seed: 3, generation: 0, member: 'm', step: 'init' });
const VARIANTS = (
  JSON.parse(readFileSync('test/golden/variants.json', 'utf8')) as {
    cases: Record<string, { base: string; fields: object; rows: number[][]; nll: number[]; greedy: number[][] }>;
  }
).cases;
const json = async (name: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(`test/golden/lm/${name}/config.json`, 'utf8')) as Record<string, unknown>;

test.each(OTHER_MODELS)('%s: fresh weights have the names and shapes of a checkpoint that transformers wrote', async (name) => {
  const { config, weights } = await loadCheckpoint(`test/golden/lm/${name}`);
  const shapes = (w: typeof weights): unknown => [...w].map(([key, { shape }]) => [key, shape]);
  expect(shapes(initialWeights(config, rng))).toEqual(shapes(weights));
});

test('GPT-2 starts its residual projections smaller, by 1/sqrt(2 layers)', async () => {
  const config = parseConfig(await json('gpt2'), 'config.json');
  const { data } = initialWeights(config, rng).get('transformer.h.0.mlp.c_proj.weight')!;
  const deviation = Math.hypot(...data) / Math.sqrt(data.length);
  expect(Math.abs(deviation / (0.02 / Math.sqrt(4)) - 1)).toBeLessThan(0.03);
});

test.each(Object.entries(VARIANTS))(
  '%s: likelihoods and tokens are those of transformers',
  async (_name, { base, fields, rows, nll, greedy }) => {
    const { weights } = await loadCheckpoint(`test/golden/lm/${base}`);
    const model = { config: parseConfig({ ...(await json(base)), ...fields }, 'config.json'), weights };
    const scores = await scoreRows({ model, rows: rows.map((row) => Int32Array.from(row)), threads: 1 });
    scores.forEach(({ nllSum }, i) => expect(Math.abs(nllSum / nll[i] - 1)).toBeLessThan(1e-5));
    const eosTokenId = [model.config.json.eos_token_id as number];
    expect(await generate(model, rows, decoding({ maxNewTokens: 20, minNewTokens: 20 }), { eosTokenId })).toEqual(greedy);
  },
);

describe('a sliding window', () => {
  const rows = [Int32Array.from({ length: 12 }, (_, i) => 5 + i)];

  test('changes nothing within it: Mistral with Llama’s weights is Llama', async () => {
    const llama = await loadCheckpoint('test/golden/lm/llama-gqa');
    const config = parseConfig({ ...(await json('llama-gqa')), model_type: 'mistral', sliding_window: 12 }, 'config.json');
    const score = (model: Parameters<typeof scoreRows>[0]['model']): ReturnType<typeof scoreRows> =>
      scoreRows({ model, rows, threads: 1 });
    expect(await score({ ...llama, config })).toEqual(await score(llama));
  });

  test('counts in Qwen2 only where it is in use', async () => {
    const qwen = { ...(await json('qwen2')), layer_types: undefined, use_sliding_window: false, sliding_window: 64 };
    const windows = (fields: object): unknown => parseConfig({ ...qwen, ...fields }, 'config.json').windows;
    expect(windows({})).toEqual([undefined, undefined]);
    expect(windows({ use_sliding_window: true })).toEqual([undefined, 64]);
    expect(windows({ use_sliding_window: true, max_window_layers: 28 })).toEqual([undefined, undefined]);
    const types = (last: string) => ({ use_sliding_window: true, layer_types: ['full_attention', last] });
    expect(windows(types('full_attention'))).toEqual([undefined, undefined]);
    expect(windows(types('sliding_attention'))).toEqual([undefined, 64]);
    expect(() => windows(types('chunked_attention'))).toThrow(/layer_types is supported with full_attention and sliding_attention only, not "chunked_attention"/); // prettier-ignore
  });

  test('counts in Gemma 2 where a layer has it', async () => {
    const gemma = await json('gemma2');
    const windows = (fields: object): unknown => parseConfig({ ...gemma, ...fields }, 'config.json').windows;
    expect(windows({ sliding_window: 64, layer_types: undefined })).toEqual([64, undefined, 64]);
    expect(windows({ sliding_window: 64, layer_types: Array(3).fill('full_attention') })).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(windows({ sliding_window: null })).toEqual([undefined, undefined, undefined]);
  });
});

test.each([
  ['llama-gqa', { num_key_value_heads: 3 }, /num_attention_heads 4 is not divisible by num_key_value_heads 3/],
  ['llama-gqa', { hidden_act: 'xielu' }, /hidden_act is supported as .*"silu".* only, not "xielu"/],
  ['llama-gqa', { model_type: 'phi3' }, /model_type "phi3" is not supported; known: opt, gpt2, llama, mistral/],
  ['gpt2', { scale_attn_by_inverse_layer_idx: true }, /scale_attn_by_inverse_layer_idx is supported as false only/],
  ['gemma2', { use_bidirectional_attention: true }, /use_bidirectional_attention is supported as false only, not true/],
  [
    'gpt-neo',
    { attention_types: [[['global'], 1]] },
    /attention_types says what 1 layers look at, and there are 2; give \[\[\["global", "local"\], 1\]\]/,
  ],
  [
    'gpt-neo',
    { attention_types: [[['global', 'flash'], 1]] },
    /attention_types is supported with global and local only, not "flash"/,
  ],
  ['gpt2', { n_head: 5 }, /n_embd 64 is not divisible by n_head 5/],
])('%s with %j is refused by name', async (name, fields, message) => {
  const base = await json(name);
  expect(() => parseConfig({ ...base, ...fields }, 'config.json')).toThrow(message);
});
