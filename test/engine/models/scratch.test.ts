/** Every architecture from scratch: it begins near the uniform guess, learns what it is shown, dropout included, and saves what loads. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { CounterRng } from '../../../common/philox.js';
import { loadCheckpoint, saveCheckpoint } from '../../../engine/checkpoint/huggingface.js';
import { architectureOf, modelTypes, parseConfig } from '../../../engine/models/index.js';
import { SIZE_FIELDS } from '../../../engine/models/types.js';
import { initialWeights } from '../../../engine/models/initial.js';
import { scoreRows } from '../../../engine/score.js';
import { fit } from '../../../engine/train/fit.js';
import type { TrainingPlan } from '../../../kinds/text/plan.js';
import { decoding, generate } from '../../support/generation.js';

const rng = new CounterRng({ seed: 4, generation: 0, member: 'm', step: 'scratch' });
const VOCABULARY = 50;
/** What some architectures need beside sizes, or they would be large. */
const BESIDE: Readonly<Record<string, object>> = {
  gpt_neo: { attention_types: [[['global', 'local'], 1]], window_size: 4 },
  gpt_neox: { rotary_pct: 0.5 },
  opt: { ffn_dim: 32, word_embed_proj_dim: 16 },
};
const SETTINGS: TrainingPlan = {
  epochs: 150,
  batch: 4,
  accumulation: 1,
  learningRate: 1e-2,
  schedule: 'constant',
  minLearningRate: 0,
  scheduleUnit: 'step',
  warmup: 0,
  weightDecay: 0,
  betas: [0.9, 0.999],
  epsilon: 1e-8,
  clip: 1,
  dropout: 0.02,
  select: 'last',
};
let root: string;
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'scratch-'))));
afterAll(() => rm(root, { recursive: true }));

test.each(modelTypes())('%s', async (modelType) => {
  const { hidden, layers, heads, positions } = architectureOf(modelType).sizeFields ?? SIZE_FIELDS;
  const sizes = { [hidden]: 16, [layers]: 2, [heads]: 2, [positions]: 24, intermediate_size: 32, head_dim: 8, num_key_value_heads: 1 }; // prettier-ignore
  const json = { model_type: modelType, vocab_size: VOCABULARY, sliding_window: 4, ...sizes, ...BESIDE[modelType] };
  const config = parseConfig({ ...json, bos_token_id: 0, eos_token_id: 0, pad_token_id: null }, 'config.json');
  const model = { config, weights: initialWeights(config, rng) };
  const rows = Array.from({ length: 4 }, (_, i) => Int32Array.from({ length: 16 }, (_, t) => 1 + ((7 * t * t + 11 * i) % 49)));
  const loss = async (): Promise<number> =>
    (await scoreRows({ model, rows, threads: 1 })).reduce((sum, { nllSum, tokenCount }) => sum + nllSum / tokenCount, 0) / 4;
  // Small weights say little: the loss of a uniform guess.
  expect(Math.abs((await loss()) / Math.log(VOCABULARY) - 1)).toBeLessThan(0.05);
  await fit({ model, train: rows, valid: rows, settings: SETTINGS, rng, threads: 1 });
  expect(await loss()).toBeLessThan(0.5);
  // What it has learnt by heart it writes, token by token and from the folder that it was saved to.
  const folder = await mkdtemp(join(root, `${modelType}-`));
  await saveCheckpoint(folder, model);
  const again = await loadCheckpoint(folder);
  const prompts = rows.map((row) => Array.from(row.subarray(0, 6)));
  const written = await generate(again, prompts, decoding({ maxNewTokens: 10, minNewTokens: 10 }), { eosTokenId: [0] });
  expect(written).toEqual(rows.map((row) => Array.from(row.subarray(6))));
});
