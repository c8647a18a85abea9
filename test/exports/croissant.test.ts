/** A dataset in Croissant: what is told of it, who loads it, and what they refuse. */
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { sha256 } from '../../common/canonical.js';
import { builtHouse, edit, filesIn, flip } from './support.js';
import { changed, validated, verdicts } from './validators.js';

const { house, exports } = await builtHouse();

const uri = (name: string) => `nih:sha-256;${house.made[name].digest.slice(7)}`;

test('names files by hash, what wrote them, and the source with its licence', async () => {
  const files = filesIn(await exports.write('croissant', '1/texts'));
  expect(Object.keys(files)).toEqual(['croissant.json', 'records.jsonl']);
  const said = JSON.parse(files['croissant.json'].toString());
  expect(said).toMatchObject({
    name: 'forest-replace-seed-1-generation-1-opt-generated',
    identifier: uri('1/texts'),
    license: ['https://spdx.org/licenses/CC-BY-4.0'],
    datePublished: '2026-01-01T04:30:00.000Z',
    'rai:hasSyntheticData': true,
  });
  expect(said.distribution).toEqual([expect.objectContaining({ sha256: sha256(files['records.jsonl']).slice(7) })]);
  expect(said['prov:wasDerivedFrom'].map((one: any) => one['@id'])).toEqual([uri('1/model'), uri('real'), uri('trees')]);
  expect(said['prov:wasDerivedFrom'].at(-1)).toMatchObject({ 'prov:label': 'Trees', 'sc:url': ['https://trees.example/2021'] });
  expect(said['prov:wasGeneratedBy']).toHaveLength(1);
  expect(said['prov:wasGeneratedBy'][0]['prov:startedAtTime']).toBe('2026-01-01T04:00:00.000Z');
});

test('of real texts it does not say that they are human: nobody knows', async () => {
  const real = JSON.parse(filesIn(await exports.write('croissant', 'real'))['croissant.json'].toString());
  expect(real).not.toHaveProperty('rai:hasSyntheticData');
  const source = filesIn(await exports.write('croissant', 'trees'));
  expect(JSON.parse(source['croissant.json'].toString())).toMatchObject({
    recordSet: [],
    license: ['https://spdx.org/licenses/CC-BY-4.0'],
  });
});

test('exported again it is the same, byte for byte', async () => {
  expect(filesIn(await exports.write('croissant', '1/texts'))).toEqual(filesIn(await exports.write('croissant', '1/texts')));
});

validated('mlcroissant loads its records, and refuses what is not so', async () => {
  const origin = { kind: 'real', source: 'train' };
  const of = (more: object) => [1, 2].map((i) => `${JSON.stringify({ id: `train/00000${i}`, origin, ...more })}\n`).join('');
  await house.step(
    'images',
    'dataset',
    { 'images.idx3-ubyte': 'pixels', 'records.jsonl': of({}) },
    {},
    { step: 'prepare', seed: 2 },
    { train: 'trees' },
  );
  await house.step(
    'points',
    'dataset',
    { 'records.jsonl': of({ point: [0.5, -1.25] }) },
    {},
    { step: 'prepare', seed: 3 },
    { train: 'trees' },
  );
  const folders = await Promise.all(
    ['1/texts', 'real', 'trees', 'images', 'points'].map((name) => exports.write('croissant', name)),
  );
  const document = (change: (said: any) => void) => (copy: string) => edit(join(copy, 'croissant.json'), change);
  const broken = changed(folders[0], {
    'a flipped bit of the records': (copy) => flip(join(copy, 'records.jsonl')),
    'another hash': document(({ distribution }) => (distribution[0].sha256 = '0'.repeat(64))),
    'no hash': document(({ distribution }) => delete distribution[0].sha256),
    'another file': document(({ recordSet }) => (recordSet[0].field[0].source.fileObject['@id'] = 'gone.jsonl')),
    'a field that is not there': document(({ recordSet }) => (recordSet[0].field[0].source.extract.column = 'gone')),
    'no licence': document((said) => delete said.license),
    'another version': document((said) => (said.conformsTo = 'http://mlcommons.org/croissant/9.9')),
  });
  const said = verdicts('croissant', [...folders, ...broken]);
  expect(said.slice(0, folders.length)).toEqual(folders.map(() => null));
  expect(said.slice(folders.length).map((one, i) => [broken[i], one === null])).toEqual(broken.map((copy) => [copy, false]));
});
