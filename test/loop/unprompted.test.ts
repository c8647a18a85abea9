/** Texts written from the start token alone, training counted in steps, and a condition of generation 0 alone beside a chain. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openArtifactStore } from '../../artifacts/open.js';
import { readAllRecords } from '../../pool/records.js';
import { readResults } from '../../report/rows.js';
import { json, recordsIn, stepsOf, temporaryFolder, type RunOutcome } from './support.js';

const LOOP = `schemaVersion: 1
name: floor
seeds: [1]
generations: 1
data:
  train: grammar:zipf
  grammar: { vocabulary: 200, sentences: { train: 300, valid: 60, test: 60 } }
  block: 16
  limit: { train: 64, valid: 16, test: 16 }
tokenizer: { kind: bpe, vocabulary: 400 }
population:
  - name: model
    base: { kind: scratch, architecture: { hidden: 16, layers: 1, heads: 2 } }
    start: base
    training: { maxSteps: 10, validateEvery: 5, batch: 16, learningRate: 5e-3, warmup: 2 }
    decoding: { strategy: sample, batch: 32 }
    prompts: none
    sample: 50
conditions:
  - { name: replace, mixture: { kind: replace } }
  - { name: untrained, generations: 0, mixture: { kind: replace }, override: { model: { generation0: { epochs: 0 } } } }
metrics: [perplexity, distinct-1]
`;

let home: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (name: string) => join(home.path, name);
const run = (...more: string[]) =>
  json<RunOutcome>(['run', at('floor.yaml'), '--home', at('home'), '--store', at('store'), ...more]);
const ran = (steps: Awaited<ReturnType<typeof stepsOf>>, name: string) =>
  [...steps.values()].filter(({ step }) => step === name).length;
beforeAll(async () => {
  home = await temporaryFolder('floor');
  await writeFile(at('floor.yaml'), LOOP);
});
afterAll(() => home.remove());

test('a chain without prompts, and its untrained twin that ends with generation 0, however far the chain goes', async () => {
  const first = await run();
  expect(first.status).toBe('done');
  const steps = await stepsOf(at('store'));
  expect([ran(steps, 'finetune'), ran(steps, 'generate')]).toEqual([3, 3]);
  const generations = ({ rows }: RunOutcome, name: string) => [...new Set(rows.filter(({ condition }) => condition === name).map(({ generation }) => generation))]; // prettier-ignore
  expect([generations(first, 'replace'), generations(first, 'untrained')]).toEqual([[0, 1], [0]]);

  // fresh weights know nothing: as good as guessing among all entries
  const perplexity = (name: string) => first.rows.find((row) => row.metric === 'perplexity' && row.condition === name && row.generation === 0)!.value; // prettier-ignore
  expect(perplexity('untrained')).toBeGreaterThan(300);
  expect(perplexity('untrained')).toBeLessThan(500);
  expect(perplexity('replace')).toBeLessThan(0.8 * perplexity('untrained'));

  const longer = await run('--set', 'generations=2');
  expect(longer.result).toMatchObject({ failed: 0, generations: 2 });
  expect([generations(longer, 'replace'), generations(longer, 'untrained')]).toEqual([[0, 1, 2], [0]]);
  const after = await stepsOf(at('store'));
  for (const [key, step] of steps) expect(after.get(key)).toEqual(step);
  expect(ran(after, 'finetune')).toBe(4);
  expect((await run('--set', 'generations=2')).result.steps.computed).toBe(0);
}, 600_000);

test('every text begins with the start token, continues nothing, and fills a block', async () => {
  const store = openArtifactStore(at('store'));
  const { runs } = await readResults(store, 'floor');
  const { members } = runs.find(({ condition }) => condition === 'replace')!.generations[1];
  const written = await readAllRecords(await recordsIn(store, members.model.generated!, at('written')));
  expect(written).toHaveLength(50);
  for (const { tokens, origin } of written) {
    expect(tokens).toHaveLength(16);
    expect(tokens[0]).toBe(written[0].tokens[0]);
    expect(origin).toMatchObject({ kind: 'generated', member: 'model', generation: 1 });
    expect(origin).not.toHaveProperty('prompt');
  }
  expect(new Set(written.map(({ tokens }) => tokens.join())).size).toBeGreaterThan(45);
  expect(written[0].text.startsWith('</s>')).toBe(true);
});
