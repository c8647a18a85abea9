/**
 * What every engine of the registry has to do: say who it is, refuse what it cannot do, and compute what transformers 5.17 and torch 2.13
 * compute (test/golden), within what is said here of each. Between engines, `reference` is the measure. How their processes behave is in
 * processes.test.ts.
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkOutput } from '../../activities/outputs.js';
import { readTable } from '../../data/table.js';
import { readSafetensors } from '../../engine/checkpoint/safetensors.js';
import { saveTokenizer } from '../../engine/tokenizer/files.js';
import { trainBpe } from '../../engine/tokenizer/train-bpe.js';
import { countWords } from '../../engine/tokenizer/word-counts.js';
import type { Engine } from '../../engines/client.js';
import { ENGINE_IDS, engineRow, type EngineId } from '../../engines/registry.js';
import type { FitJob, GenerateJob, JobReport, ObserveJob } from '../../kinds/host/types.js';
import { RECORDS_FILE, readAllRecords, writeRecords, type DataRecord } from '../../pool/records.js';
import { WEIGHTS_FILE } from '../../pool/selection.js';
import type { LanguageModelPlan, TrainingPlan } from '../../kinds/text/plan.js';
import { readGolden, type GoldenBatch } from '../support/golden.js';
import { relativeError } from '../support/numbers.js';
import { hooksIn, openEngine, training } from './support.js';

interface Tolerance {
  /** of likelihoods and losses, relative */
  readonly loss: number;
  /** of weights after a short training, relative in the Euclidean norm */
  readonly weights: number;
}

/** Float32 rounds at 6e-8; the golden values are float32's too. */
const WITHIN: Readonly<Record<EngineId, Tolerance>> = {
  'onnx-node': { loss: 2e-6, weights: 2e-6 },
  reference: { loss: 1e-6, weights: 1e-7 },
};
/** Of the architectures that the presets have. */
const MODELS = ['opt-pre-ln', 'gpt2', 'llama-gqa'] as const;
type ModelName = (typeof MODELS)[number];

/** Each job is a process of its own. */
jest.setTimeout(240_000);

let root: string;
let tokenizer: string;
const engines = {} as Record<EngineId, Engine>;
const others = ENGINE_IDS.filter((id) => id !== 'reference');

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'habsburg-conformance-'));
  tokenizer = await folder('tokenizer');
  // as many tokens as the golden models have
  const words = Array.from({ length: 60 }, (_, i) => `w${String.fromCharCode(97 + (i % 26))}${i}`).join(' ');
  await saveTokenizer(tokenizer, trainBpe(countWords([words]), 336, ['<s>', '<pad>', '</s>']), {
    bos: '<s>',
    eos: '</s>',
    pad: '<pad>',
    maxLength: 128,
  });
  for (const id of ENGINE_IDS) engines[id] = await openEngine(id, { threads: 1 });
});
afterAll(() => rm(root, { recursive: true, force: true }));

let made = 0;
async function folder(name: string): Promise<string> {
  const path = join(root, `${made++}-${name}`);
  await mkdir(path);
  return path;
}

/** A golden model with a tokenizer beside it, and other end tokens. */
async function modelOf(name: ModelName, endTokens: readonly number[] | null = [2]): Promise<string> {
  const path = await folder(name);
  await cp(`test/golden/lm/${name}/model.safetensors`, join(path, 'model.safetensors'));
  await cp(join(tokenizer, 'tokenizer.json'), join(path, 'tokenizer.json'));
  const config = JSON.parse(await readFile(`test/golden/lm/${name}/config.json`, 'utf8')) as object;
  await writeFile(join(path, 'config.json'), JSON.stringify({ ...config, eos_token_id: endTokens }));
  return path;
}

async function dataOf(records: readonly { tokens: readonly number[]; prompt?: number }[]): Promise<string> {
  const path = await folder('data');
  const whole = records.map(({ tokens, prompt }, i): DataRecord => ({
    id: `real/${i}`,
    tokens: [...tokens],
    text: '',
    ...(prompt === undefined ? {} : { prompt: { tokens: prompt, text: '' } }),
    origin: { kind: 'real', source: 'test' },
  }));
  await writeRecords(join(path, RECORDS_FILE), whole);
  return path;
}

/** Rows of a golden batch; what is not predicted is the prompt. */
const batchData = ({ input_ids, attention_mask, labels }: GoldenBatch) =>
  dataOf(
    input_ids.map((ids, b) => ({
      tokens: ids.filter((_, t) => attention_mask[b][t] === 1),
      prompt: labels[b].findIndex((label) => label !== -100),
    })),
  );

async function fitted(
  id: EngineId,
  job: Pick<FitJob<LanguageModelPlan>, 'start' | 'train'> & { valid?: string; training?: Partial<TrainingPlan> },
): Promise<{ model: string; report: JobReport }> {
  const out = await folder('model');
  const report = await engines[id].run(
    {
      op: 'fit',
      family: 'language-model',
      start: job.start,
      train: job.train,
      valid: job.valid ?? job.train,
      training: training(job.training),
      rng: { seed: 1, generation: 0, member: 'm', step: 'finetune' },
      out,
    },
    hooksIn(root),
  );
  await checkOutput('finetune', 'model', { kind: 'model', folder: out });
  return { model: out, report };
}

async function written(
  id: EngineId,
  model: string,
  prompts: readonly (readonly number[])[],
  decoding: Partial<LanguageModelPlan['decoding']>,
  more: Partial<GenerateJob<LanguageModelPlan>> = {},
): Promise<{ records: DataRecord[]; folder: string }> {
  const out = await folder('written');
  const report = await engines[id].run(
    {
      op: 'generate',
      family: 'language-model',
      model,
      prompts: await dataOf(prompts.map((tokens) => ({ tokens }))),
      decoding: { strategy: 'greedy', maxNewTokens: 24, minNewTokens: 24, batch: 3, ...decoding },
      rng: { seed: 1, generation: 2, member: 'm', step: 'generate' },
      out,
      origin: { member: 'm', generation: 2, model: 'sha256:0' },
      ...more,
    },
    hooksIn(root),
  );
  await checkOutput('generate', 'generated', { kind: 'dataset', folder: out, facts: { records: Number(report.records) } });
  return { records: await readAllRecords(out), folder: out };
}

const tokensOf = ({ records }: { records: DataRecord[] }) => records.map(({ tokens }) => tokens);

async function observed(id: EngineId, observation: string, model: string, data: string, settings: ObserveJob['settings'] = {}) {
  const out = await folder(observation);
  await engines[id].run({ op: 'observe', observation, settings, model, data, out }, hooksIn(root));
  await checkOutput('observe', 'table', { kind: 'table', folder: out });
  return readTable(out);
}

const sum = (numbers: ArrayLike<number>): number => Array.from(numbers).reduce((a, b) => a + b, 0);

/** Mean nll of a golden batch. */
async function lossOf(id: EngineId, model: string, data: string): Promise<number> {
  const { columns } = await observed(id, 'likelihood', model, data, { lossOn: 'answer' });
  return sum(columns.nll_sum) / sum(columns.token_count);
}

const promptsIn = ({ input_ids, attention_mask }: Pick<GoldenBatch, 'input_ids' | 'attention_mask'>): number[][] =>
  input_ids.map((ids, b) => ids.filter((_, t) => attention_mask[b][t] === 1));

describe.each(ENGINE_IDS)('%s', (id) => {
  const told = (job: object, device?: 'cuda') =>
    engines[id].run(job as FitJob, hooksIn(root, { device })).catch((error: unknown) => error);

  test('says who it is, the same every time, and nobody else’s fingerprint', async () => {
    const { hello, fingerprint } = engines[id];
    expect(hello.id).toBe(id);
    expect(hello.can).toEqual(engineRow(id).can);
    expect((await openEngine(id, { threads: 2 })).hello).toEqual(hello);
    for (const device of hello.can.devices) expect(fingerprint(device)).toMatch(/^[\w.-]+\/\d+ /);
    const all = ENGINE_IDS.flatMap((other) => Object.values(engines[other].hello.fingerprints));
    expect(new Set(all).size).toBe(all.length);
  });

  test('refuses by name what it cannot do', async () => {
    const unknown = expect.objectContaining({ kind: 'invalid', message: expect.stringContaining('no-such') as unknown });
    expect(await told({ op: 'fit', family: 'no-such', start: { model: root }, training: {} })).toEqual(unknown);
    expect(await told({ op: 'generate', family: 'no-such', model: root, decoding: {} })).toEqual(unknown);
    expect(await told({ op: 'observe', observation: 'no-such', model: root, data: tokenizer, settings: {}, out: root })).toBeInstanceOf(Error); // prettier-ignore
    const model = await folder('no-such');
    await writeFile(join(model, 'config.json'), '{"model_type": "no-such"}');
    const data = await dataOf([{ tokens: [3, 4] }]);
    const start = {
      op: 'fit',
      family: 'language-model',
      train: data,
      valid: data,
      training: training(),
      rng: { seed: 1 },
      out: root,
    };
    expect(await told({ ...start, start: { model } })).toEqual(unknown);
    const scratch = { kind: 'scratch', config: { model_type: 'no-such' } };
    expect(await told({ ...start, start: { scratch, tokenizer } })).toEqual(unknown);
    if (!engineRow(id).can.devices.some((device) => device === 'cuda'))
      expect(await told({ op: 'fit', family: 'language-model', start: { model } }, 'cuda')).toMatchObject({
        kind: 'invalid',
        message: expect.stringContaining(`the engine ${id} does not compute on cuda`),
      });
  });

  describe.each(MODELS)('%s', (name) => {
    test('likelihoods, and how a step changes them', async () => {
      const { batches, batch0, adamw } = await readGolden(`test/golden/lm/${name}`);
      const [first, second] = [await batchData(batches[0]), await batchData(batches[1])];
      const model = await modelOf(name);
      const { columns, records } = await observed(id, 'likelihood', model, first, { lossOn: 'answer' });
      expect(records).toEqual(['real/0', 'real/1', 'real/2']);
      expect(Array.from(columns.token_count)).toEqual(batch0.token_count_per_row);
      expect(relativeError(columns.nll_sum, batch0.nll_sum_per_row)).toBeLessThan(WITHIN[id].loss);

      const { model: trained, report } = await fitted(id, {
        start: { model },
        train: first,
        valid: second,
        training: { batch: 3, learningRate: adamw.lr, lossOn: 'answer' },
      });
      expect(relativeError([Number(report.lastTrainLoss)], [adamw.losses[0]])).toBeLessThan(WITHIN[id].loss);
      // the loss that the second step began with
      expect(relativeError([Number(report.lastValidLoss)], [adamw.losses[1]])).toBeLessThan(WITHIN[id].loss);
      expect(relativeError([await lossOf(id, trained, second)], [adamw.losses[1]])).toBeLessThan(WITHIN[id].loss);
    });

    test('greedy tokens', async () => {
      const golden = (await readGolden(`test/golden/lm/${name}`)) as unknown as {
        prompts: GoldenBatch;
        generate: { greedy: { new_tokens: number[][] } };
      };
      const model = await modelOf(name, null);
      const expected = golden.generate.greedy.new_tokens;
      expect(tokensOf(await written(id, model, promptsIn(golden.prompts), {}))).toEqual(expected);
      // as many as are asked for, from the first prompt again
      const more = await written(id, model, promptsIn(golden.prompts), { maxNewTokens: 3, minNewTokens: 3 }, { count: 6 });
      expect(tokensOf(more)).toEqual([...expected, ...expected].slice(0, 6).map((row) => row.slice(0, 3)));
    });
  });

  test('a text ends behind an end token, and not before it may', async () => {
    const { prompts, cases } = JSON.parse(await readFile('test/golden/generate/opt-pre-ln.json', 'utf8')) as {
      prompts: number[][];
      cases: {
        settings: { max_new_tokens: number; min_new_tokens: number; num_beams: number };
        eos_token_id: number[];
        new_tokens: number[][];
      }[];
    };
    const greedy = cases.filter(({ settings }) => settings.num_beams === 1 && Object.keys(settings).length === 3);
    expect(greedy.length).toBe(3);
    for (const { settings, eos_token_id, new_tokens } of greedy) {
      const model = await modelOf('opt-pre-ln', eos_token_id);
      const decoding = { maxNewTokens: settings.max_new_tokens, minNewTokens: settings.min_new_tokens };
      expect(tokensOf(await written(id, model, prompts, decoding))).toEqual(new_tokens);
    }
  });

  test('the same job leaves the same bytes, and what is drawn does not depend on the batch', async () => {
    const model = await modelOf('opt-pre-ln');
    const data = await dataOf(Array.from({ length: 6 }, (_, i) => ({ tokens: [5 + i, 9, 77 + i, 30] })));
    const fits = await Promise.all([1, 2].map(() => fitted(id, { start: { model }, train: data, training: { epochs: 2 } })));
    const [a, b] = await Promise.all(fits.map(({ model: out }) => readFile(join(out, 'model.safetensors'))));
    expect(a.equals(b)).toBe(true);
    expect(fits[0].report).toEqual(fits[1].report);

    const drawing = { strategy: 'sample', maxNewTokens: 8, minNewTokens: 0, temperature: 0.9 } as const;
    const prompts = [[21], [286, 136], [326, 296, 295], [9]];
    const one = await written(id, model, prompts, { ...drawing, batch: 4 });
    const two = await written(id, model, prompts, { ...drawing, batch: 1 });
    expect(tokensOf(two)).toEqual(tokensOf(one));
    expect(await readFile(join(two.folder, RECORDS_FILE), 'utf8')).toBe(await readFile(join(one.folder, RECORDS_FILE), 'utf8'));
  });
});

describe.each(others)('%s beside the reference', (id) => {
  const rows = Array.from({ length: 10 }, (_, i) => ({
    tokens: Array.from({ length: 6 + (i % 4) }, (__, j) => 3 + ((i * 37 + j * j * 11) % 300)),
  }));

  test.each(MODELS)('%s: the same loss curve', async (name) => {
    const [model, data] = [await modelOf(name), await dataOf(rows)];
    for (const epochs of [1, 6]) {
      const curves = [];
      for (const which of [id, 'reference'] as const) {
        const { report } = await fitted(which, { start: { model }, train: data, training: { epochs, learningRate: 2e-3 } });
        curves.push([Number(report.lastTrainLoss), Number(report.lastValidLoss)]);
      }
      expect(relativeError(curves[0], curves[1])).toBeLessThan(10 * WITHIN[id].loss);
      expect(curves[1][1]).toBeLessThan(epochs === 6 ? 4 : 6.5); // it learns
    }
  });

  test('the same weights, from fresh ones: schedule, accumulation, weights of rows, packing, early stopping and selection', async () => {
    const data = await dataOf(rows);
    const valid = await dataOf(rows.map(({ tokens }) => ({ tokens: [...tokens].reverse() })));
    const weighted = await dataOf(rows);
    await writeFile(join(weighted, WEIGHTS_FILE), Buffer.from(Float32Array.from(rows, (_, i) => 0.5 + (i % 3)).buffer));
    const config = { model_type: 'llama', hidden_size: 16, num_hidden_layers: 2, num_attention_heads: 4, num_key_value_heads: 2, intermediate_size: 24, max_position_embeddings: 32 }; // prettier-ignore
    const start = { scratch: { kind: 'scratch' as const, config }, tokenizer };
    // a high rate magnifies rounding
    const cases: (Partial<TrainingPlan> & { readonly on?: string; readonly magnified?: number })[] = [
      { epochs: 3, batch: 2, accumulation: 2, schedule: 'cosine', warmup: 0.3, minLearningRate: 1e-4, on: weighted },
      { epochs: 4, batch: 3, schedule: 'linear', scheduleUnit: 'epoch', packing: 12, lossOn: 'all', clip: 0.05, loss: { kind: 'confidence-penalty', weight: 0.5 }, magnified: 3 }, // prettier-ignore
      { epochs: undefined, maxSteps: 7, batch: 3, warmup: 2, validateEvery: 3, select: 'best' },
      { epochs: 20, batch: 5, learningRate: 0.03, select: 'best', patience: 2, weightDecay: 0, magnified: 50 },
    ];
    for (const { on = data, magnified = 1, ...settings } of cases) {
      const results = [];
      for (const which of [id, 'reference'] as const) {
        const { model, report } = await fitted(which, {
          start,
          train: on,
          valid,
          training: { learningRate: 5e-3, ...settings },
        });
        results.push({ report, weights: await readSafetensors(join(model, 'model.safetensors')) });
      }
      const [own, measure] = results;
      expect([own.report.steps, own.report.selectedEpoch]).toEqual([measure.report.steps, measure.report.selectedEpoch]);
      expect([...own.weights.keys()]).toEqual([...measure.weights.keys()]);
      for (const [name, { data: expected }] of measure.weights)
        expect([name, relativeError(own.weights.get(name)!.data, expected) < magnified * WITHIN[id].weights]).toEqual([
          name,
          true,
        ]);
    }
  });

  test('the same sampled texts', async () => {
    const prompts = Array.from({ length: 12 }, (_, i) => [3 + 7 * i, 200 - i]);
    const cases = [
      ['opt-pre-ln', {}],
      ['opt-pre-ln', { topP: 0.8, temperature: 1.3 }],
      ['gpt2', { topK: 5 }],
      ['llama-gqa', { temperature: 0.7, topK: 40, topP: 0.6 }],
    ] as const;
    for (const [name, settings] of cases) {
      const model = await modelOf(name);
      const decoding = { strategy: 'sample', maxNewTokens: 10, minNewTokens: 2, ...settings } as const;
      const [own, measure] = [await written(id, model, prompts, decoding), await written('reference', model, prompts, decoding)];
      expect(own.records).toEqual(measure.records);
      expect(new Set(measure.records.map(({ tokens }) => tokens.join())).size).toBeGreaterThan(8);
    }
  });

  test.each(MODELS)('%s: the same observations', async (name) => {
    const [model, data] = [await modelOf(name, [40, 77]), await dataOf(rows)];
    for (const observation of ['likelihood', 'prediction']) {
      const [own, measure] = [
        await observed(id, observation, model, data),
        await observed('reference', observation, model, data),
      ];
      expect(Object.keys(own.columns)).toEqual(Object.keys(measure.columns));
      for (const [column, expected] of Object.entries(measure.columns))
        expect([column, relativeError(own.columns[column], expected) < WITHIN[id].loss]).toEqual([column, true]);
    }
  });
});
