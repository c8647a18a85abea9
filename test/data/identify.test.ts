/** What a plan's local sources held when it was made ready is what its steps read. */
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { digestOf, sha256 } from '../../common/canonical.js';
import { resolveCheckpoint } from '../../data/checkpoint-source.js';
import { assertUnchanged, checkpointDigests, identified } from '../../data/identify.js';
import { resolveSource } from '../../data/source.js';
import { wholeText } from '../../data/text.js';
import { makeFixture } from '../report/fixture.js';

const GRAMMAR = { train: 'grammar:zipf', valid: 'grammar:zipf', test: 'grammar:zipf' };
let root: string;
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'identify-'))));
afterAll(() => rm(root, { recursive: true }));

test('a text that changed after the plan was made ready is named when it is read', async () => {
  const file = join(root, 'train.txt');
  await writeFile(file, 'as it was\n');
  const { plan } = makeFixture({});
  const { sources } = await identified({ ...plan, data: { text: { ...GRAMMAR, train: `file:${file}` } } } as typeof plan);
  expect(sources).toEqual({ [`file:${file}`]: sha256('as it was\n') });
  const read = (known = sources) => resolveSource(`file:${file}`, { split: 'train', sources: known });
  expect(await wholeText((await read()).place)).toBe('as it was\n');
  await writeFile(file, 'as it is\n');
  await expect(read()).rejects.toMatchObject({
    kind: 'invalid',
    message: expect.stringMatching(/train\.txt has changed since this experiment was started.*run the experiment again/),
  });
  // of a file that the plan does not name nothing is known
  expect(await wholeText((await read({})).place)).toBe('as it is\n');
  await rm(file);
  await expect(read()).rejects.toMatchObject({ kind: 'notFound' });
});

test('so is one file of a base model', async () => {
  const folder = join(root, 'base');
  await mkdir(folder);
  const files = ['config.json', 'model.safetensors', 'tokenizer.json'];
  for (const name of files) await writeFile(join(folder, name), `{"${name}":1}`);
  const { plan } = makeFixture({});
  const [member] = plan.population;
  const base = { kind: 'checkpoint', source: `file:${folder}` } as const;
  const { sources } = await identified({ ...plan, data: GRAMMAR, population: [{ ...member, base }] } as unknown as typeof plan);
  const found = async () => checkpointDigests(await resolveCheckpoint(base.source));
  expect(await found()).toEqual(Object.fromEntries(files.map((name) => [name, sha256(`{"${name}":1}`)])));
  assertUnchanged(sources, base.source, digestOf(await found()));
  await writeFile(join(folder, 'tokenizer.json'), '{}');
  const now = digestOf(await found());
  expect(() => assertUnchanged(sources, base.source, now)).toThrow(/base has changed since/);
  assertUnchanged(sources, 'hf://owner/name@main', now);
  assertUnchanged(undefined, base.source, now);
});
