/** What an experiment read from this machine is recorded by name and content, and found again by both. */
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sha256 } from '../../common/canonical.js';
import { identified } from '../../data/identify.js';
import { withSources } from '../../data/recorded.js';
import { planDigest, portableDocument } from '../../spec/digest.js';
import { loadExperiment, loadText } from '../../spec/load.js';
import { SMALL } from '../spec/support.js';

let root: string;
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'recorded-'))));
afterAll(() => rm(root, { recursive: true }));

const MODEL = ['config.json', 'model.safetensors', 'tokenizer.json'];
const YAML = SMALL.replace('train: grammar:zipf', 'train: file:texts/train.txt, valid: file:v.txt, test: file:v.txt')
  .replace('tokenizer: { kind: bpe, vocabulary: 300 }\n', '')
  .replace(/base: \{.*\}\n/, 'base: file:model\n');

test('the same texts and models elsewhere make the same plan; others are named', async () => {
  const there = join(root, 'there');
  for (const folder of ['texts', 'model']) await mkdir(join(there, folder), { recursive: true });
  await writeFile(join(there, 'texts', 'train.txt'), 'train\n');
  await writeFile(join(there, 'v.txt'), 'valid\n');
  for (const name of MODEL) await writeFile(join(there, 'model', name), `{"${name}":1}`);
  await writeFile(join(there, 'e.yaml'), YAML);

  const loaded = await loadExperiment(join(there, 'e.yaml'), { sets: ['seeds=7'] });
  const plan = await identified(loaded.plan);
  const recorded = portableDocument(loaded.document, plan);
  expect(recorded).toMatchObject({
    seeds: [7],
    data: { train: `file:train.txt@${sha256('train\n')}`, valid: `file:v.txt@${sha256('valid\n')}` },
    population: [{ base: expect.stringMatching(/^file:model@sha256:/) }],
  });
  expect(JSON.stringify(recorded)).not.toContain(root);

  const here = join(root, 'here');
  await rename(there, here);
  const missing = withSources(recorded, here, 'small');
  await expect(missing).rejects.toMatchObject({ kind: 'notFound', message: `small read train.txt, which is not in ${here}; --data FOLDER names the folder that it is in` }); // prettier-ignore
  await rename(join(here, 'texts', 'train.txt'), join(here, 'train.txt'));
  const found = await withSources(recorded, here, 'small');
  const again = loadText(JSON.stringify(found), { file: 'e.yaml', shown: 'e.yaml', cwd: root });
  expect(planDigest(await identified(again.plan))).toBe(planDigest(plan));

  await writeFile(join(here, 'model', 'config.json'), '{}');
  await expect(withSources(recorded, here, 'small')).rejects.toThrow(/here\/model is not the model that small read \(sha256:[0-9a-f]{12}, not sha256:[0-9a-f]{12}\)/); // prettier-ignore
});
