/** The language-model family on a quantised base: generations of adapters beside one and the same base. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readAllRecords, RECORDS_FILE, writeRecords } from '../../../pool/records.js';
import { quantizeCheckpoint } from '../../../engine/checkpoint/quantize.js';
import { copyTokenizer } from '../../../engine/tokenizer/files.js';
import { languageModel } from '../../../kinds/text/host/language-model.js';
import likelihood from '../../../observations/likelihood.js';
import type { FitJob, JobIo } from '../../../kinds/host/types.js';
import type { LanguageModelPlan, TrainingPlan } from '../../../kinds/text/plan.js';
import { decoding } from '../../support/generation.js';

const GGUF = 'test/golden/gguf/llama.gguf';
let root: string;
const folder = (name: string): Promise<string> => mkdtemp(join(root, `${name}-`));
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'family-'))));
afterAll(() => rm(root, { recursive: true }));

const io: JobIo = { progress: () => undefined, checkpointDue: () => false, checkpoint: () => Promise.resolve(), threads: 1 };
const training: TrainingPlan = {
  epochs: 2, batch: 2, accumulation: 1, learningRate: 1e-2, schedule: 'constant', minLearningRate: 0, scheduleUnit: 'step', warmup: 0,
  weightDecay: 0, betas: [0.9, 0.999], epsilon: 1e-8, clip: 1, dropout: 0, select: 'last', recompute: true,
  lora: { rank: 4, alpha: 4, dropout: 0, targets: ['q_proj', 'v_proj'] },
}; // prettier-ignore

test('generations share the base’s file; each adds its adapter, and writes and scores with all of them', async () => {
  const base = await folder('base');
  await quantizeCheckpoint(GGUF, base, '8bit');
  await copyTokenizer(GGUF, base);
  const train = await folder('train');
  const rows = Array.from({ length: 4 }, (_, i) => Array.from({ length: 16 }, (_, t) => 10 + ((3 * i + t) % 40)));
  await writeRecords(
    join(train, RECORDS_FILE),
    rows.map((tokens, i) => ({ id: `r${i}`, tokens, text: '', origin: { kind: 'real' as const, source: 'test' } })),
  );
  const fit = async (model: string, generation: number): Promise<string> => {
    const out = await folder('model');
    const rng = { seed: 1, generation, member: 'm', step: 'finetune' };
    const job: FitJob<LanguageModelPlan> = {
      op: 'fit',
      family: 'language-model',
      train,
      valid: train,
      start: { model },
      training,
      rng,
      out,
    };
    await languageModel.fit(job, io);
    return out;
  };
  const score = async (model: string): Promise<number> => {
    const { columns } = await likelihood.run({ model, data: train, settings: {} }, io);
    return Array.from(columns.nll_sum).reduce((sum, nats) => sum + nats, 0);
  };
  const first = await fit(base, 0);
  const second = await fit(first, 1);
  const weights = await Promise.all([base, first, second].map((dir) => readFile(join(dir, 'model.safetensors'))));
  expect(weights[1].equals(weights[0]) && weights[2].equals(weights[0])).toBe(true);
  const rank = async (dir: string): Promise<unknown> => (JSON.parse(await readFile(join(dir, 'adapter_config.json'), 'utf8')) as { r: number }).r; // prettier-ignore
  expect([await rank(first), await rank(second)]).toEqual([4, 8]);
  const losses = [await score(base), await score(first), await score(second)];
  expect(losses[1]).toBeLessThan(losses[0]);
  expect(losses[2]).toBeLessThan(losses[1]);

  const out = await folder('written');
  await languageModel.generate(
    {
      op: 'generate', family: 'language-model', model: second, prompts: train, decoding: decoding({ maxNewTokens: 6, minNewTokens: 6 }),
      rng: { seed: 1, generation: 1, member: 'm', step: 'generate' }, out, origin: { member: 'm', generation: 1, model: 'sha256:0' },
    }, // prettier-ignore
    io,
  );
  expect((await readAllRecords(out)).map(({ tokens }) => tokens.length)).toEqual([6, 6, 6, 6]);
  // Fitting once more from the same start gives the same bytes.
  const again = await fit(first, 1);
  const adapter = (dir: string): Promise<Buffer> => readFile(join(dir, 'adapter_model.safetensors'));
  expect((await adapter(again)).equals(await adapter(second))).toBe(true);
});
