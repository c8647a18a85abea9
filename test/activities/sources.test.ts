/** A step that reads a local source reads what the plan was made ready with, or nothing is computed. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { prepareActivity } from '../../activities/prepare.js';
import { simulateActivity } from '../../activities/simulate.js';
import type { ActivityDependencies, PrepareInput, SimulateInput } from '../../activities/types.js';
import { openArtifactStore } from '../../artifacts/open.js';
import { digestOf, sha256 } from '../../common/canonical.js';
import { writeIdxImages } from '../../data/idx.js';
import { asActivity } from '../support/activity.js';
import { signer } from '../support/signer.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-sources-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const deps = {
  openStore: () => openArtifactStore(join(root, 'store')),
  code: { version: '0', digest: sha256('code') },
  signer,
  scratch: join(root, 'scratch'),
} as unknown as ActivityDependencies;
const place = { store: '', seed: 0, generation: 0, member: '', checkpointSeconds: 60 };

const texts = Object.fromEntries(
  ['train', 'valid', 'test'].map((split) => {
    writeFileSync(join(root, `${split}.txt`), `${split}\n`);
    return [split, `file:${join(root, `${split}.txt`)}`];
  }),
);
const held = Object.fromEntries(Object.entries(texts).map(([split, source]) => [source, sha256(`${split}\n`)]));
const changed = (sources: Readonly<Record<string, string>>, source: string) => ({ ...sources, [source]: sha256('other') });
const refused = (name: string) => ({
  type: 'habsburg.invalid',
  nonRetryable: true,
  message: expect.stringContaining(`/${name} has changed since this experiment was started`),
});

test('texts and a base model', async () => {
  const folder = join(root, 'base');
  mkdirSync(folder);
  const files = { 'config.json': '{}', 'model.safetensors': 'weights' };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const base = { kind: 'checkpoint', source: `file:${folder}` };
  const digests = Object.fromEntries(Object.entries(files).map(([name, content]) => [name, sha256(content)]));
  const all = { ...held, [base.source]: digestOf(digests) };
  const prepare = (sources: Readonly<Record<string, string>>) =>
    asActivity(() =>
      prepareActivity(deps)({ kind: 'text', place, data: { ...texts, block: 2, limit: {} }, tokenizer: { kind: 'base' }, base, sources } as unknown as PrepareInput),
    ); // prettier-ignore
  for (const split of ['train', 'valid', 'test'])
    await expect(prepare(changed(all, texts[split]))).rejects.toMatchObject(refused(`${split}.txt`));
  await expect(prepare(changed(all, base.source))).rejects.toMatchObject(refused('base'));
  // what has not changed is read: these weights are none
  await expect(prepare(all)).rejects.toMatchObject({ message: expect.not.stringContaining('has changed') });
});

test('images', async () => {
  const path = join(root, 'images');
  await writeIdxImages(path, { count: 4, height: 1, width: 1, pixels: Uint8Array.of(1, 2, 3, 4) });
  const source = `file:${path}`;
  const data = { train: source, heldOut: { valid: 0.25, test: 0.25 }, limit: {} };
  const prepare = (sources: Readonly<Record<string, string>>) =>
    asActivity(() => prepareActivity(deps)({ kind: 'images', place, data, sources } as unknown as PrepareInput));
  await expect(prepare(changed({}, source))).rejects.toMatchObject(refused('images'));
  // 0 0 8 3, then 4, 1 and 1 in four bytes each, then the pixels
  const bytes = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4);
  expect((await prepare({ [source]: sha256(bytes) })).report).toEqual({ train: 2, valid: 1, test: 1 });
});

test('texts of chains', async () => {
  const member = { name: 'm', world: { family: 'n-gram', order: 2 } };
  const simulate = (sources: Readonly<Record<string, string>>) =>
    asActivity(() =>
      simulateActivity({ ...deps, runJob: () => Promise.reject(new Error('the job has begun')) })({ place, member, mixture: { kind: 'replace' }, data: texts, sources, seeds: [1], to: 1 } as unknown as SimulateInput),
    ); // prettier-ignore
  for (const split of ['train', 'test'])
    await expect(simulate(changed(held, texts[split]))).rejects.toMatchObject(refused(`${split}.txt`));
  await expect(simulate(held)).rejects.toMatchObject({ message: expect.stringContaining('the job has begun') });
});
