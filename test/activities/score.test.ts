/** Scores of a generation: one evaluation that cannot be computed is told and costs no other. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import type { ApplicationFailure } from '@temporalio/activity';
import { scoreActivity } from '../../activities/score.js';
import type { ActivityDependencies, ScoreInput, ScoreResult } from '../../activities/types.js';
import { blobKey } from '../../artifacts/keys.js';
import { openArtifactStore } from '../../artifacts/open.js';
import { sha256 } from '../../common/canonical.js';
import type { ArtifactRef } from '../../artifacts/types.js';
import { digestOfSource } from '../../data/identify.js';
import { writeTable } from '../../data/table.js';
import { writeImageRecords } from '../../pool/images.js';
import { RECORDS_FILE, readAllRecords, writeRecords } from '../../pool/records.js';
import type { MetricPlan } from '../../spec/plan.js';
import { SCORES_FILE, type ScoresDocument } from '../../spec/results.js';
import { asActivity } from '../support/activity.js';
import { signer } from '../support/signer.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-score-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const storePath = join(root, 'store');
const store = openArtifactStore(storePath);
let made = 0;
function folder(): string {
  const path = join(root, `in-${made++}`);
  mkdirSync(path);
  return path;
}

/** Texts of these tokens; with `prompts` written ones, each after the real text of its number. */
async function texts(name: string, tokens: readonly (readonly number[])[], prompts?: string): Promise<ArtifactRef> {
  const out = folder();
  const records = tokens.map((ids, i) => ({
    id: `${name}/${i}`,
    origin: prompts
      ? { kind: 'generated' as const, member: 'm', generation: 1, model: 'sha256:m', prompt: `${prompts}/${i}` }
      : { kind: 'real' as const, source: 'a file' },
    tokens: ids,
    text: `${name} ${ids.join(' ')}`,
  }));
  await writeRecords(join(out, RECORDS_FILE), records);
  return store.publish('dataset', out, { records: tokens.length });
}

async function model(name: string): Promise<ArtifactRef> {
  const out = folder();
  writeFileSync(join(out, 'config.json'), JSON.stringify({ name }));
  return store.publish('model', out);
}

const real = await texts('real', [[7, 7, 7]]);
const held = await texts('test', [
  [1, 2, 3],
  [4, 5],
]);
const INPUT: Omit<ScoreInput, 'metrics'> = {
  place: { store: storePath, seed: 1, generation: 1, member: 'm', checkpointSeconds: 60 },
  family: 'language-model',
  model: await model('t'),
  first: await model('0'),
  generated: await texts('written', [[1, 2, 1, 3], [3]], 'real'),
  prompts: real,
  real,
  test: held,
};

/** What the engine was asked to look at, by number of records. */
const observed: number[] = [];

/** And how. */
const askedFor: unknown[] = [];

/** And which folder of a model. */
const lookedWith: string[] = [];

/** The first record of what an encoder was asked to look at. */
const embedded: string[] = [];

/** An engine for which every token of every record has the likelihood 1/4. */
const deps: ActivityDependencies = {
  openStore: (url) => openArtifactStore(url),
  runJob: async (job) => {
    if (job.op !== 'observe') throw new Error('only observations are asked for');
    const records = await readAllRecords(job.data);
    observed.push(records.length);
    askedFor.push(job.settings);
    lookedWith.push(job.model);
    const ids = records.map(({ id }) => id);
    if (job.observation === 'embedding') {
      embedded.push(ids[0]);
      // a vector along an axis of its own for each record
      const columns = ids.map((_, k) => [`embedding_${k}`, Float32Array.from(ids, (_id, i) => (i === k ? 1 : 0))]);
      await writeTable(job.out, { records: ids, columns: Object.fromEntries(columns) as Record<string, Float32Array> });
      return { records: records.length };
    }
    if (job.observation === 'syntax') {
      const conllu = records.map(({ tokens }) => tokens.map((id, i) => `${i + 1}\tw\tw\tX\tT${id}\t_\t${i}\tdep\t_\t_`).join('\n') + '\n\n'); // prettier-ignore
      await writeTable(job.out, { records: ids, columns: {}, texts: { conllu } });
      return { records: records.length };
    }
    const counts = records.map(({ tokens }) => tokens.length - 1);
    await writeTable(job.out, {
      records: ids,
      columns: {
        nll_sum: Float64Array.from(counts, (n) => n * Math.log(4)),
        token_count: Int32Array.from(counts),
        end_nll_sum: new Float64Array(counts.length),
        end_token_count: new Int32Array(counts.length),
      },
    });
    return { records: records.length };
  },
  engineFingerprint: () => 'an engine',
  livingEngines: () => Promise.resolve(['an engine']),
  device: 'cpu',
  code: { version: '0', digest: sha256('code') },
  signer,
  scratch: join(root, 'scratch'),
};

const score = (metrics: readonly MetricPlan[], input: Partial<ScoreInput> = {}, attempt = 1): Promise<ScoreResult> =>
  asActivity(() => scoreActivity(deps)({ ...INPUT, ...input, metrics }), attempt);
const found = async ({ outputs }: ScoreResult) =>
  JSON.parse((await store.readFile(outputs.scores.digest, SCORES_FILE)).toString()) as ScoresDocument;

const PERPLEXITY = { name: 'perplexity', variant: 'real-test/exp-mean-token', settings: {} };
const DISTINCT = { name: 'distinct-1', variant: 'tokens/in-record', settings: { tokens: 0 } };
const UNKNOWN = { name: 'sharpness', variant: 'of-everything', settings: {} };
const KL = { name: 'kl-to-truth', variant: 'written-from-truth/plug-in', settings: { words: 10 } };

test('a metric that this version does not know, and one without what it compares with, are told; others are there', async () => {
  const result = await score([UNKNOWN, PERPLEXITY, KL, DISTINCT]);
  expect(result.failures).toEqual([
    {
      evaluation: 'sharpness',
      type: 'habsburg.invalid',
      message: expect.stringMatching(/no metric sharpness \(of-everything\)/),
    },
    { evaluation: 'kl-to-truth', type: 'habsburg.invalid', message: expect.stringMatching(/only grammar: data has/) },
  ]);
  const { values, samples, pictures } = await found(result);
  // two test records of 3 and 2 tokens, each token but the first predicted with 1/4; 3 of 5 written tokens are different
  expect(values.map(({ metric, value, n, subject }) => [metric, value, n, subject])).toEqual([
    ['perplexity', expect.closeTo(4, 12), 3, INPUT.model!.digest],
    ['distinct-1', 3 / 5, 5, INPUT.generated.digest],
  ]);
  expect(observed).toEqual([2]);
  // the texts that a reader sees come without being asked for
  expect(samples).toEqual([
    { record: 'written/0', text: 'written 1 2 1 3', prompt: 'real 7 7 7' },
    { record: 'written/1', text: 'written 3', prompt: '' },
  ]);
  expect(pictures).toBeUndefined();
});

test('a mixed test set is looked at where there is one, and costs no failure where there is none', async () => {
  const MIXED = { name: 'perplexity', variant: 'mixed-test/exp-mean-token', settings: {} };
  const none = await score([MIXED, DISTINCT]);
  expect([none.failures, (await found(none)).values.map(({ metric }) => metric)]).toEqual([[], ['distinct-1']]);
  const mixed = await texts('mixed', [
    [1, 2, 3, 4, 5],
    [6, 7],
    [8, 9],
  ]);
  const { values } = await found(await score([PERPLEXITY, MIXED], { mixed }));
  expect(values.map(({ variant, n }) => [variant, n])).toEqual([
    ['real-test/exp-mean-token', 3],
    ['mixed-test/exp-mean-token', 6],
  ]);
});

test('a metric of the training set is the same function of other records, by a name of its own; no histogram of it', async () => {
  const training = await texts('training', [
    [5, 5, 5, 5],
    [6, 5],
    [7, 8],
  ]);
  const of = (metric: MetricPlan) => ({ ...metric, settings: { ...metric.settings, of: 'training' } });
  const SHIFT = { name: 'sequence-perplexity', variant: 'under-model-0', settings: {} };
  const before = observed.length;
  const result = await score([DISTINCT, of(DISTINCT), SHIFT, of(SHIFT)], { training });
  expect(result.failures).toEqual([]);
  const { values, histograms, samples } = await found(result);
  const named = values.map(({ metric, variant, value, n, subject }) => [metric, variant, value, n, subject]);
  expect(named.filter(([metric]) => metric === 'distinct-1')).toEqual([
    ['distinct-1', 'tokens/in-record', 3 / 5, 5, INPUT.generated.digest],
    // 5, 6, 7, 8 of eight tokens
    ['distinct-1', 'tokens/in-record/of-training', 4 / 8, 8, training.digest],
  ]);
  expect(values.filter(({ metric, variant }) => metric === 'sequence-perplexity' && variant.includes('q50'))).toMatchObject([
    { variant: 'under-model-0/q50', n: 1, subject: INPUT.generated.digest },
    { variant: 'under-model-0/q50/of-training', n: 3, settings: { of: 'training' }, subject: training.digest },
  ]);
  // two written records and three of the training set were looked at, each once
  expect(observed.slice(before)).toEqual([2, 3]);
  expect(Object.keys(result.tables)).toEqual(['likelihood/generated/first', 'likelihood/training/first']);
  expect(histograms).toHaveLength(1);
  expect(samples).toHaveLength(2);
});

test('a training set is measured once, in whatever generation, seed and member it is; what a model has to look at, once a model', async () => {
  const of = (metric: MetricPlan) => ({ ...metric, settings: { ...metric.settings, of: 'training' } });
  const SHIFT = { name: 'sequence-perplexity', variant: 'under-model-0', settings: {} };
  const training = await texts('shared', [[5, 5, 6], [6, 5], [7, 8]]); // prettier-ignore
  const D_SYN = { name: 'd-syn', variant: 'stein', settings: { sentences: 0 } };
  const asked = [of(DISTINCT), of(SHIFT), of(D_SYN)];
  const begun = await score(asked, { training, generated: await texts('written first', [[9]], 'real') });
  expect(begun.failures).toEqual([]);
  expect(begun.counts).toEqual({ observations: { computed: 2, reused: 0 }, evaluations: { computed: 4, reused: 0 } });
  const before = observed.length;
  // the texts that a reader sees are of what was written
  const next = { training, model: await model('t + 1'), generated: await texts('written next', [[9, 9]], 'real') };
  const later = await score(asked, { ...next, place: { ...INPUT.place, generation: 2 } });
  expect(later.counts).toEqual({ observations: { computed: 0, reused: 2 }, evaluations: { computed: 1, reused: 3 } });
  expect(observed).toHaveLength(before);
  const other = { ...next, first: await model('another 0') };
  const seed = await score(asked, { ...other, place: { ...INPUT.place, seed: 2, member: 'n' } });
  // its model 0 is another: it looks, and sees the same here
  expect(seed.counts).toEqual({ observations: { computed: 2, reused: 0 }, evaluations: { computed: 1, reused: 3 } });
  const values = async (result: ScoreResult) => (await found(result)).values;
  expect(await values(later)).toEqual(await values(begun));
  expect(new Set((await values(begun)).map(({ metric }) => metric))).toEqual(
    new Set(['distinct-1', 'sequence-perplexity', 'd-syn']),
  );
});

test('a metric asks how records are read; what two ask alike is looked at once, and what the member does anyway is no other table', async () => {
  const perplexity = (variant: string, settings = {}) => ({ name: 'perplexity', variant: `real-test/${variant}`, settings });
  const asked = async (input: Partial<ScoreInput>) => {
    askedFor.length = 0;
    const { tables } = await score(
      [
        perplexity('exp-mean-token'),
        perplexity('sliding-window', { window: 8, stride: 4 }),
        perplexity('sliding-window', { window: 8, stride: 0 }),
        perplexity('prompt-masked', { prefix: 0 }),
        perplexity('prompt-masked', { prefix: 1 }),
        perplexity('prompt-and-answer'),
      ],
      { model: await model('masked'), ...input },
    );
    return [Object.keys(tables), [...askedFor]];
  };
  const name = 'likelihood/test/self';
  const windows = [`${name}?stride=4&window=8`, `${name}?window=8`];
  expect(await asked({})).toEqual([
    [name, ...windows, `${name}?prefix=1`],
    [{}, { window: 8, stride: 4 }, { window: 8 }, { prefix: 1 }],
  ]);
  // of records with a template's prompt
  expect(await asked({ lossOn: 'all' })).toEqual([
    [name, ...windows, `${name}?lossOn=answer`, `${name}?lossOn=answer&prefix=1`],
    [
      { lossOn: 'all' },
      { lossOn: 'all', window: 8, stride: 4 },
      { lossOn: 'all', window: 8 },
      { lossOn: 'answer' },
      { lossOn: 'answer', prefix: 1 },
    ],
  ]);
});

test('of real text there are values of metrics of written texts alone: no model looks, and it is not compared with itself', async () => {
  const { model: _, first: __, prompts: ___, ...without } = INPUT;
  const metrics: MetricPlan[] = [
    PERPLEXITY,
    DISTINCT,
    { ...DISTINCT, settings: { tokens: 0, of: 'training' } },
    { name: 'coverage', variant: 'of-real-token-types', settings: { tokens: 0 } },
    { name: 'rouge', variant: 'rouge-score', settings: { stemmer: false } },
    { name: 'd-syn', variant: 'stein', settings: { sentences: 0 } },
    { name: 'sequence-perplexity', variant: 'under-model-0', settings: {} },
  ];
  const looked = observed.length;
  // by hand: of 1 2 3 and 1 2 5 the tokens 1, 2, 3 and 5 of six
  const generated = await texts('real', [[1, 2, 3], [1, 2, 5]]); // prettier-ignore
  const result = await asActivity(() => scoreActivity(deps)({ ...without, generated, metrics }));
  expect(result.failures).toEqual([]);
  const { values, samples } = await found(result);
  expect(values.map(({ metric, value, n, subject }) => [metric, value, n, subject])).toEqual([
    ['distinct-1', 4 / 6, 6, generated.digest],
    // of two chains of a root and three tags 3 of 4 nodes are the same, and 2 with their neighbours: rows (1, 5/8) and (5/8, 1) of the kernel
    ['d-syn', expect.closeTo((Math.SQRT2 * (1 - 5 / 8)) / 2, 12), 2, generated.digest],
    ['d-syn', expect.closeTo((Math.SQRT2 * (1 - 5 / 8)) / 2, 12), 2, generated.digest],
  ]);
  expect(samples).toEqual([]);
  // the parser that comes with Habsburg has looked at the two texts, in the place of no model
  expect(observed.slice(looked)).toEqual([2]);
  expect(lookedWith.at(-1)).toBe('');
  expect(Object.keys(result.tables)).toEqual(['syntax/generated/self']);
  // the same text under another seed is not measured again
  const place = { ...INPUT.place, seed: 2, generation: 0, member: 'n' };
  const again = await asActivity(() => scoreActivity(deps)({ ...without, generated, metrics, place }));
  expect(again.counts).toEqual({ observations: { computed: 0, reused: 1 }, evaluations: { computed: 0, reused: 2 } });
});

test('what model 0 wrote is looked at as generation 0 did; a run that does not know it is told', async () => {
  const SHIFT = { name: 'likelihood-shift', variant: 'generation-0/under-model-0', settings: { bins: 2 } };
  const written0 = await texts('written0', [[1, 2, 3, 4]]);
  const before = await score([{ name: 'sequence-perplexity', variant: 'under-model-0', settings: {} }], {
    ...{ place: { ...INPUT.place, generation: 0 }, model: INPUT.first, generated: written0, written0 },
  });
  observed.length = 0;
  const { tables, counts } = await score([SHIFT], { written0, generated: held });
  expect(tables['likelihood/written0/first']).toEqual(before.tables['likelihood/generated/first']);
  expect([observed, counts.observations]).toEqual([[2], { computed: 1, reused: 1 }]);
  const { failures } = await score([SHIFT]);
  expect(failures).toMatchObject([{ evaluation: 'likelihood-shift', type: 'habsburg.invalid', message: expect.stringContaining('habsburg score EXPERIMENT measures it') }]); // prettier-ignore
});

test('real records are known by their tokens: of 1 to 5, three were written', async () => {
  const coverage = (tokens: number) => ({ name: 'coverage', variant: 'of-real-token-types', settings: { tokens } });
  for (const [tokens, value, n] of [
    [0, 3 / 5, 5],
    [2, 2 / 5, 2],
  ]) {
    const { values } = await found(await score([coverage(tokens)], { real: held }));
    expect(values).toMatchObject([{ metric: 'coverage', value, n }]);
  }
  // another set is not taken for it
  expect((await found(await score([coverage(0)]))).values).toMatchObject([{ value: 0, n: 5 }]);
});

test('texts are embedded once for all metrics, generations and members; the encoder is found where its folder is gone', async () => {
  const folderOf = folder();
  cpSync('test/golden/encoders/bert', folderOf, { recursive: true });
  const source = `file:${folderOf}`;
  const encoder = `file:minilm@${await digestOfSource(source, 'encoder')}`;
  const of = (variant: string): MetricPlan => ({ name: 'd-sem', variant, settings: { texts: 0, encoder } });
  const at = (generation: number, more: object) => ({ place: { ...INPUT.place, generation, member: `m${generation}` }, ...more });

  const first = await score([of('guo'), of('schaffelder')], at(1, { encoders: { [encoder]: source } }));
  expect(first.failures).toEqual([]);
  expect(first.tables).toHaveProperty(`embedding/generated/${encoder}`);
  const { values } = await found(first);
  expect(values.map(({ value, settings }) => [value, settings.encoder])).toEqual([[1 / 2, encoder], [1, encoder]]); // prettier-ignore
  rmSync(folderOf, { recursive: true });
  const later = await score(
    [of('guo'), { name: 'frechet', variant: 'embeddings/real-test', settings: { texts: 0, encoder } }],
    at(2, {}),
  );
  expect(later.failures).toEqual([]);
  // nothing lies between two records on two axes and two others on the same
  expect((await found(later)).values.map(({ value }) => value)).toEqual([1 / 2, expect.closeTo(0, 12)]);
  expect(embedded).toEqual(['written/0', 'test/0']);

  const changed = folder();
  for (const file of ['config.json', 'model.safetensors']) writeFileSync(join(changed, file), '{}');
  const unknown = encoder.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
  const LAST = 5;
  const told = async (name: string, encoders?: Record<string, string>) => {
    const { failures, outputs } = await score(
      [{ ...of('guo'), settings: { texts: 0, encoder: name } }, DISTINCT],
      at(3, { encoders }),
      LAST,
    );
    expect((await found({ outputs } as ScoreResult)).values.map(({ metric }) => metric)).toEqual(['distinct-1']);
    return failures.map(({ message }) => message).join();
  };
  expect(await told(unknown)).toMatch(
    /encoder file:minilm@.* is not in the store.*habsburg score EXPERIMENT --encoder file:FOLDER/,
  );
  expect(await told(unknown, { [unknown]: `file:${changed}` })).toMatch(/has changed since this experiment was started/);
  expect(await told(unknown, { [unknown]: source })).toMatch(/reading the encoder/);
});

test('of images the first ones come without being asked for', async () => {
  const out = folder();
  const origin = { kind: 'generated' as const, member: 'm', generation: 1, model: 'sha256:m' };
  const count = await writeImageRecords(
    out,
    [0, 1].map((i) => ({ id: `written/${i}`, origin, height: 1, width: 2, pixels: Uint8Array.of(i, 255) })),
  );
  const result = await score([], { family: 'vae', generated: await store.publish('dataset', out, { records: count }) });
  const { samples, pictures } = await found(result);
  expect(pictures).toEqual({ count: 2, height: 1, width: 2, pixels: Buffer.of(0, 255, 1, 255).toString('base64') });
  expect(samples).toEqual([]);
});

test('what another attempt may cure is tried again, and told when it was the last', async () => {
  const broken: ActivityDependencies = { ...deps, runJob: () => Promise.reject(new Error('the engine has a bug')) };
  const metrics = [PERPLEXITY, DISTINCT];
  const at = (attempt: number) =>
    asActivity(() => scoreActivity(broken)({ ...INPUT, test: real, metrics }), attempt).catch((error: unknown) => error);
  expect(await at(1)).toMatchObject({ type: 'habsburg.failed', nonRetryable: false });
  const last = (await at(2)) as ScoreResult;
  expect(last.failures).toEqual([
    { evaluation: 'perplexity', type: 'habsburg.failed', message: expect.stringMatching(/the engine has a bug/) },
  ]);
  expect((await found(last)).values.map(({ metric }) => metric)).toEqual(['distinct-1']);
});

test('what is damaged is no matter of one evaluation: the step fails and names it, so that it is made anew', async () => {
  const generated = await texts('damaged', [[8, 9, 8]], 'real');
  const { files } = await store.manifest(generated.digest);
  writeFileSync(join(storePath, blobKey(files[0].digest)), 'x'.repeat(files[0].size));
  const failed = (await score([DISTINCT], { generated }).catch((error: unknown) => error)) as ApplicationFailure;
  expect(failed.details).toEqual([{ damagedInput: files[0].digest }]);
});
