/** encoder: a sentence encoder in the store, known by what it holds. */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { importEncoder, ofNobody } from '../../activities/encoder.js';
import { digestOf } from '../../common/canonical.js';
import { checkpointDigests } from '../../data/identify.js';
import { resolveEncoder } from '../../data/checkpoint-source.js';
import { writeSafetensors } from '../../engine/checkpoint/safetensors.js';
import { tokenizerIn } from '../support/tokenizer.js';
import { Workplace } from '../support/workplace.js';

const at = new Workplace();
afterAll(() => at.remove());

const folder = join(at.root, 'encoder');
mkdirSync(folder);
await tokenizerIn(folder);
writeFileSync(join(folder, 'config.json'), JSON.stringify({ model_type: 'bert' }));
await writeSafetensors(join(folder, 'model.safetensors'), new Map([['w', { shape: [1], data: Float32Array.of(1) }]]));
const source = `file:${folder}`;
const digest = digestOf(await checkpointDigests(await resolveEncoder(source)));
const NAME = `file:encoder@${digest}`;

const ask = (name: string, from?: string, place = at.place()) =>
  at.do((deps) => () => importEncoder(deps, place, name, { source: from }), undefined);

test('its files, and the source that they came from; nobody’s, whoever asks in whatever generation', async () => {
  const result = await ask(NAME, source);
  const files = (await at.store.manifest(result.outputs.encoder.digest)).files.map(({ path }) => path);
  expect(files).toEqual(expect.arrayContaining(['config.json', 'model.safetensors', 'tokenizer.json']));
  expect(Object.keys((await at.stated(result)).sources)).toEqual(['encoder']);
  expect(await ask(NAME, source, at.place({ seed: 9, generation: 8, member: 'other' }))).toEqual({ ...result, cached: true });
  expect(ofNobody(at.place())).toEqual({ ...at.place(), seed: 0, generation: 0, member: '' });
});

test('it is found again elsewhere, and where nobody knows any more where it lay', async () => {
  const { key } = await ask(NAME, source);
  const copy = join(at.root, 'copy');
  cpSync(folder, copy, { recursive: true });
  expect(await ask(NAME, `file:${copy}`)).toMatchObject({ key, cached: true });
  rmSync(copy, { recursive: true });
  expect(await ask(NAME)).toMatchObject({ key, cached: true });
});

test('one that is not in the store, and of which no folder is known, is told with what helps', async () => {
  await expect(ask(`file:encoder@${digestOf('another')}`)).rejects.toMatchObject({
    type: 'habsburg.invalid',
    message: expect.stringContaining('habsburg score EXPERIMENT --encoder file:FOLDER'),
  });
});

test('a folder that holds something else than was named is refused', async () => {
  await expect(ask(`file:encoder@${digestOf('another')}`, source)).rejects.toMatchObject({
    type: 'habsburg.invalid',
    message: expect.stringContaining('has changed'),
  });
});
