import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { assertUnchanged, identified } from '../../data/identify.js';
import { makeFixture } from '../report/fixture.js';

const GRAMMAR = { train: 'grammar:zipf', valid: 'grammar:zipf', test: 'grammar:zipf' };
let root: string;
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'identify-'))));
afterAll(() => rm(root, { recursive: true }));

test('a text that changed after the plan was made ready is named, before anything is computed from it', async () => {
  const file = join(root, 'train.txt');
  await writeFile(file, 'as it was\n');
  const { plan } = makeFixture({});
  const ready = await identified({ ...plan, data: { ...GRAMMAR, train: `file:${file}` } } as typeof plan);
  const used = { data: [`file:${file}`, 'grammar:zipf', undefined] };
  await assertUnchanged(ready.sources, used);
  await assertUnchanged(undefined, used);
  await writeFile(file, 'as it is\n');
  await expect(assertUnchanged(ready.sources, used)).rejects.toMatchObject({
    kind: 'invalid',
    message: expect.stringMatching(/train\.txt has changed since this experiment was started.*run the experiment again/),
  });
  await rm(file);
  await expect(assertUnchanged(ready.sources, used)).rejects.toMatchObject({ kind: 'notFound' });
});

test('so is one file of a base model', async () => {
  const folder = join(root, 'base');
  await mkdir(folder);
  for (const name of ['config.json', 'model.safetensors', 'tokenizer.json']) await writeFile(join(folder, name), `{"${name}":1}`);
  const { plan } = makeFixture({});
  const [member] = plan.population;
  const base = { kind: 'checkpoint', source: `file:${folder}` } as const;
  const ready = await identified({ ...plan, data: GRAMMAR, population: [{ ...member, base }] } as unknown as typeof plan);
  await assertUnchanged(ready.sources, { checkpoint: base.source });
  await writeFile(join(folder, 'tokenizer.json'), '{}');
  await expect(assertUnchanged(ready.sources, { checkpoint: base.source })).rejects.toThrow(/base has changed since/);
  await assertUnchanged(ready.sources, { checkpoint: 'hf://owner/name@main' });
});
