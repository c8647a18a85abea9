/** Instruction tuning by the command line: prompts stay with their answers through every step. Real server, real store. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openArtifactStore } from '../../artifacts/open.js';
import type { StepRecord } from '../../artifacts/step-record.js';
import type { DataRecord } from '../../pool/records.js';
import type { RunOutcome } from './support.js';
import { habsburg, json, temporaryFolder } from './support.js';

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
  const outcome = await json<RunOutcome>(['run', file(), '--home', join(home.path, 'home'), '--store', store]);
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
  for (const { outputs } of steps.filter(({ step }) => step === 'generate')) {
    for (const record of await recordsOf(outputs.generated)) {
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
  const perplexities = outcome.rows.filter(
    ({ metric, variant, generation }) => metric === 'perplexity' && variant === 'real-test/exp-mean-token' && generation === 0,
  );
  expect(perplexities).toHaveLength(2);
  for (const { value } of perplexities) expect(value).toBeLessThan(30);
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
