/** Instruction tuning by the command line: prompts stay with their answers through every step. Real server, real store. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openArtifactStore } from '../../artifacts/open.js';
import type { ArtifactRef } from '../../artifacts/types.js';
import type { StepRecord } from '../../artifacts/step-record.js';
import { loadCheckpoint } from '../../engine/checkpoint/huggingface.js';
import { rougeN } from '../../evaluations/rouge.js';
import { rouge as rougeWords } from '../../evaluations/tokenizers.js';
import { scoreRows } from '../../engine/score.js';
import { readRows } from '../../kinds/text/host/texts.js';
import { readAllRecords, type DataRecord } from '../../pool/records.js';
import { readResults } from '../../report/rows.js';
import type { RunOutcome } from './support.js';
import { habsburg, json, recordsIn, temporaryFolder } from './support.js';

const ANIMALS = ['cat', 'dog', 'owl', 'fox', 'cow', 'hen'];
const COLOURS = ['red', 'blue', 'green', 'brown'];
let home: Awaited<ReturnType<typeof temporaryFolder>>;
const file = (): string => join(home.path, 'instructions.yaml');

beforeAll(async () => {
  home = await temporaryFolder('instructions');
  await copyFile(fileURLToPath(new URL('./instructions.yaml', import.meta.url)), file());
  const records = ANIMALS.flatMap((animal, i) => COLOURS.map((colour, j) => ({ instruction: `name the ${colour} ${animal}`, output: `${ANIMALS[(i + j) % 6]} ${animal}` }))); // prettier-ignore
  const lines = records.map((record) => JSON.stringify(record));
  const tooLong = JSON.stringify({ instruction: 'name '.repeat(40), output: 'cat' });
  await writeFile(join(home.path, 'train.jsonl'), `${[...lines, tooLong].join('\n')}\n`);
  for (const split of ['valid', 'test'])
    await writeFile(join(home.path, `${split}.jsonl`), `${lines.filter((_, i) => i % 3 === 0).join('\n')}\n`);
});
afterAll(() => home.remove());

test('generations answer the prompts, are trained on their answers, and are scored on them', async () => {
  const store = join(home.path, 'store');
  const metrics = ['--set', 'metrics=[perplexity, rouge, distinct-2]', '--set', 'references=[real-text]'];
  const outcome = await json<RunOutcome>(['run', file(), ...metrics, '--home', join(home.path, 'home'), '--store', store]);
  expect([outcome.status, outcome.result.failed]).toEqual(['done', 0]);

  const artifacts = openArtifactStore(store);
  const steps: StepRecord[] = [];
  for await (const name of artifacts.listNames('steps/')) steps.push((await artifacts.readName<StepRecord>(name))!);
  const recordsOf = async (ref: StepRecord['outputs'][string]): Promise<DataRecord[]> => {
    const folder = join(home.path, ref.digest.slice(7));
    await artifacts.materialise(ref.digest, folder);
    const text = await readFile(join(folder, 'records.jsonl'), 'utf8');
    return text.trimEnd().split('\n').map((line) => JSON.parse(line) as DataRecord); // prettier-ignore
  };
  const prepared = steps.find(({ step }) => step === 'prepare')!;
  expect(prepared.report).toEqual({ train: 24, trainLeftOut: 1, valid: 8, test: 8 });
  const real = await recordsOf(prepared.outputs.train);
  expect(real[1].prompt!.text).toBe('</s>name the blue cat\n-> ');
  expect(real[1].text).toBe('dog cat');

  const first = steps.filter(({ step, report }) => step === 'finetune' && Number(report.steps) > 6);
  expect(first).toHaveLength(2); // generation 0, of padded and of packed rows; stopped early
  for (const { report } of first) expect(Number(report.steps)).toBeLessThan(40 * 3);
  const overlaps: number[] = [];
  for (const { outputs } of steps.filter(({ step }) => step === 'generate')) {
    const written = await recordsOf(outputs.generated);
    const answers = written.map(({ text, origin }) => ({
      text,
      references: [real.find(({ id }) => origin.kind === 'generated' && id === origin.prompt)!.text],
    }));
    overlaps.push(rougeN(answers, rougeWords, 1).reduce((sum, [{ f }]) => sum + f / answers.length, 0));
    for (const record of written) {
      if (record.origin.kind !== 'generated') throw new Error(`${record.id} is real`);
      const { prompt } = record.origin;
      const source = real.find(({ id }) => id === prompt)!;
      expect(record.prompt).toEqual(source.prompt);
      expect(record.tokens.slice(0, source.prompt!.tokens)).toEqual(source.tokens.slice(0, source.prompt!.tokens));
      expect(record.tokens.length).toBeGreaterThan(source.prompt!.tokens);
      expect(record.tokens.length).toBeLessThanOrEqual(source.prompt!.tokens + 8);
      expect(record.text).not.toMatch(/<\/s>|->/);
    }
  }
  // ROUGE is against the real answers to the same prompts
  const rouges = outcome.rows.filter(({ metric, variant }) => metric === 'rouge' && variant === 'rouge-score');
  expect(rouges).toHaveLength(4);
  for (const { value } of rouges) expect(Math.min(...overlaps.map((overlap) => Math.abs(overlap - value)))).toBeLessThan(1e-12);
  expect(Math.max(...rouges.map(({ value }) => value))).toBeGreaterThan(0.2);
  // of the real answers, as long as answers may be, every pair of tokens: no model is asked, and nothing is compared with itself
  const pairs = real.flatMap(({ tokens, prompt }) => {
    const answer = tokens.slice(prompt!.tokens).slice(0, 8);
    return answer.slice(1).map((id, i) => `${answer[i]} ${id}`);
  });
  const ofRealText = outcome.rows.filter(({ condition }) => condition === 'real-text');
  expect(ofRealText.map(({ metric, generation, value }) => [metric, generation, value])).toEqual([
    ['distinct-2', 0, expect.closeTo(new Set(pairs).size / pairs.length, 12)],
  ]);
  const perplexities = outcome.rows.filter(
    ({ metric, variant, generation }) => metric === 'perplexity' && variant === 'real-test/exp-mean-token' && generation === 0,
  );
  expect(perplexities).toHaveLength(2);
  for (const { value } of perplexities) expect(value).toBeLessThan(30);
}, 600_000);

test('answers go through operators behind the writing, and from a phase on through what their own writer finds likely', async () => {
  const store = join(home.path, 'store');
  const shortest = '{ length: { minTokens: 2 } }';
  const run = (condition: string) => [
    'run', file(), '--home', join(home.path, 'home'), '--store', store, '--set', 'name=filtered', '--set', 'generations=2',
    '--set', 'population.opt.decoding={ strategy: sample, temperature: 2, maxNewTokens: 8, batch: 8 }', '--set', `conditions=[${condition}]`,
  ]; // prettier-ignore
  const plain = `{ name: plain, mixture: [{ from: self }], override: { opt: { postprocess: [${shortest}] } } }`;
  await json<RunOutcome>(run(plain));
  const artifacts = openArtifactStore(store);
  const generationsOf = async (condition: string) =>
    (await readResults(artifacts, 'filtered')).runs.find((one) => one.condition === condition)!.generations.map(({ members }) => members.opt); // prettier-ignore
  const folderOf = (ref: ArtifactRef | undefined) => recordsIn(artifacts, ref!, join(home.path, 'sets'));
  const [, first] = await generationsOf('plain');

  // how likely model 1 finds each answer of its own
  const folder = await folderOf(first.generated);
  const scores = await scoreRows({ model: await loadCheckpoint(await folderOf(first.model)), ...(await readRows(folder, 'answer')), threads: 1 }); // prettier-ignore
  const means = scores.map(({ nllSum, tokenCount }) => nllSum / tokenCount);
  const limit = [...means].sort((a, b) => a - b)[means.length >> 1] + 1e-4;

  const through = `{ threshold: { column: nll_sum, per: token_count, under: writer, max: ${limit} } }`;
  const phased = plain
    .replace('plain', 'phased')
    .replace(/ }$/, `, phases: [{ from: 2, mixture: [{ from: self, through: [${through}] }] }] }`);
  const { result } = await json<RunOutcome>(run(`${plain}, ${phased}`));
  expect(result).toMatchObject({ failed: 0, runs: 2 });
  const [zeroth, same, second] = await generationsOf('phased');
  expect([same.model, same.dataset]).toEqual([first.model, first.dataset]); // nothing changes before
  const raw = await readAllRecords(await folderOf(zeroth.raw));
  const kept = await readAllRecords(await folderOf(zeroth.generated));
  expect(kept.map(({ id }) => id)).toEqual(raw.filter(({ tokens, prompt }) => tokens.length - prompt!.tokens >= 2).map(({ id }) => id)); // prettier-ignore
  const written = await readAllRecords(folder);
  const trained = await readAllRecords(await folderOf(second.dataset));
  expect(trained).toEqual(written.filter((_, i) => means[i] <= limit));
  expect(trained.length).toBeLessThan(written.length);
  expect(trained.length).toBeGreaterThan(written.length / 3);
}, 600_000);

test('a mixed validation and test set hold the answers of their own prompts, and are what is validated and scored on', async () => {
  const store = join(home.path, 'store');
  const condition =
    '{ name: mixed, mixture: { kind: keep-share, share: 0.5 }, override: { opt: { mixes: [train, valid, test] } } }';
  const metrics = 'metrics=[perplexity, { name: perplexity, variant: mixed-test/exp-mean-token }]';
  const { result, rows } = await json<RunOutcome>(['run', file(), '--set', metrics, '--set', 'name=mixed', '--set', `conditions=[${condition}]`, '--home', join(home.path, 'home'), '--store', store]); // prettier-ignore
  expect(result).toMatchObject({ failed: 0, runs: 1 });
  const artifacts = openArtifactStore(store);
  const { runs } = await readResults(artifacts, 'mixed');
  const [zeroth, first] = runs[0].generations.map(({ members }) => members.opt);
  const read = async (ref: ArtifactRef | undefined) => readAllRecords(await recordsIn(artifacts, ref!, join(home.path, 'sets')));
  const clean = await read(zeroth.mixed!.test);
  const mixed = await read(first.mixed!.test);
  // eight prompts of the test set: four real answers, and the answers of model 0 in the place of the others
  const prompts = (records: readonly DataRecord[]) => records.map(({ prompt }) => prompt!.text);
  expect(prompts(mixed)).toEqual(prompts(clean));
  expect(mixed.filter(({ origin }) => origin.kind === 'real')).toHaveLength(4);
  for (const [i, { origin, text }] of mixed.entries())
    if (origin.kind === 'real') expect(text).toBe(clean[i].text);
    else expect([origin.generation, origin.model, origin.prompt]).toEqual([0, zeroth.model!.digest, clean[i].id]);

  const of = async (generation: number, ref: ArtifactRef | undefined) => {
    const folder = await recordsIn(artifacts, ref!, join(home.path, 'sets'));
    const model = await loadCheckpoint(await recordsIn(artifacts, [zeroth, first][generation].model!, join(home.path, 'sets')));
    const scores = await scoreRows({ model, ...(await readRows(folder, 'answer')), threads: 1 });
    const [sum, count] = scores.reduce(([a, b], { nllSum, tokenCount }) => [a + nllSum, b + tokenCount], [0, 0]);
    return Math.exp(sum / count);
  };
  const told = (variant: string) => rows.filter((row) => row.variant === `${variant}-test/exp-mean-token`).map(({ value }) => value); // prettier-ignore
  expect(told('mixed')).toHaveLength(2);
  expect(told('mixed')[0]).toBe(told('real')[0]);
  expect(told('mixed')[1] / (await of(1, first.mixed!.test))).toBeCloseTo(1, 6);
  expect(told('real')[1] / (await of(1, zeroth.mixed!.test))).toBeCloseTo(1, 6);
  // where its training set comes from, read from the store alone
  interface Pool { readonly members: readonly { readonly records: number; readonly shares: readonly object[]; readonly lines: readonly (readonly { readonly id: string }[])[] }[] } // prettier-ignore
  const pool = await json<Pool>(['pool', 'mixed/mixed/seed-1', '--generation', '1', '--records', '24', '--store', store]);
  expect(pool.members).toHaveLength(1);
  const [{ shares, lines }] = pool.members;
  expect(shares).toEqual([
    { source: expect.stringMatching(/^file:sha256:/), records: 12, share: 0.5 },
    { member: 'opt', generation: 0, records: 12, share: 0.5 },
  ]);
  const continued = lines.map((line) => line.map(({ id }) => id.replace(/\d+$/, '#')).join(' '));
  expect(new Set(continued)).toEqual(new Set(['train/#', 'g0/opt/# train/#']));
  // the best epoch is that on the mixed validation set
  expect(Math.exp(Number(first.steps.finetune.report.bestValidLoss)) / (await of(1, first.mixed!.valid))).toBeCloseTo(1, 6);
}, 600_000);

test('a broken record is named by file and line, before anything is computed twice', async () => {
  await writeFile(join(home.path, 'train.jsonl'), '{"instruction": "a", "output": "b"}\n{"instruction": "a"}\n');
  const { code, stderr } = await habsburg([
    'run',
    file(),
    '--home',
    join(home.path, 'home'),
    '--store',
    join(home.path, 'other'),
  ]);
  expect(code).not.toBe(0);
  expect(stderr).toMatch(/train\.jsonl:2: the template needs a text as field "output"; the record has instruction/);
}, 600_000);
