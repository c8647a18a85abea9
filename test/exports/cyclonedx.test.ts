/** A model's bill of materials: what is on it, and who accepts it. */
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Exports, House, builtHouse, edit, filesIn } from './support.js';
import { changed, validated, verdicts } from './validators.js';

const { house, exports } = await builtHouse();

const FILE = 'bom.cdx.json';
const uri = (name: string) => `nih:sha-256;${house.made[name].digest.slice(7)}`;

test('everything on the way is on it once, with its hash, its licence and what it depends on', async () => {
  const files = filesIn(await exports.write('cyclonedx', '1/model'));
  expect(Object.keys(files)).toEqual([FILE]);
  const bill = JSON.parse(files[FILE].toString());
  const refs = bill.components.map((one: any) => one['bom-ref']);
  expect([...refs].sort()).toEqual(['0/model', '0/texts', 'real', 'trees'].map(uri).sort());
  const graph = Object.fromEntries(bill.dependencies.map(({ ref, dependsOn }: any) => [ref, dependsOn?.sort()]));
  expect(graph).toEqual({
    [uri('1/model')]: [uri('0/model'), uri('0/texts')].sort(),
    [uri('0/texts')]: [uri('0/model'), uri('real')].sort(),
    [uri('0/model')]: [uri('real')],
    [uri('real')]: [uri('trees')],
    [uri('trees')]: undefined,
  });
  const { component, timestamp } = bill.metadata;
  expect(timestamp).toBe('2026-01-01T03:30:00.000Z');
  expect(component['bom-ref']).toBe(uri('1/model'));
  expect(component.licenses).toEqual([{ license: { id: 'CC-BY-4.0', url: 'https://spdx.org/licenses/CC-BY-4.0' } }]);
  expect(component.pedigree.ancestors[0].hashes).toEqual([{ alg: 'SHA-256', content: house.made['0/model'].digest.slice(7) }]);
  expect(component.modelCard.modelParameters.datasets).toEqual([{ ref: uri('0/texts') }]);
  expect(component.modelCard.quantitativeAnalysis.performanceMetrics).toEqual([
    { type: 'perplexity.self, version 1', value: '42.25', slice: 'n = 2' },
  ]);
  const trees = bill.components.find((one: any) => one['bom-ref'] === uri('trees'));
  expect(trees).toMatchObject({
    name: 'Trees',
    externalReferences: [{ type: 'distribution', url: 'https://trees.example/2021' }],
  });
  // the statements of the four steps
  expect(bill.externalReferences).toHaveLength(4);
  expect(filesIn(await exports.write('cyclonedx', '1/model'))).toEqual(files);
});

test('what nobody states anything of says so, and claims no steps', async () => {
  await house.publish('model', 'found', { 'config.json': '{}', 'model.safetensors': 'found' });
  const bill = JSON.parse(filesIn(await exports.write('cyclonedx', 'found'))[FILE].toString());
  const { description, licenses } = bill.metadata.component;
  expect([description, licenses, bill.externalReferences, bill.metadata.timestamp]).toEqual([
    expect.stringMatching(/^model [0-9a-f]{12}: a model, of which no statement says how it was made\.$/),
    undefined,
    [],
    undefined,
  ]);
});

test('a licence that is none of SPDX is told by its words', async () => {
  const other = new Exports(await House.built('Forest Law'));
  const bill = JSON.parse(filesIn(await other.write('cyclonedx', '0/model'))[FILE].toString());
  other.remove();
  expect(bill.metadata.component.licenses).toEqual([{ license: { name: 'Forest Law' } }]);
});

validated('the strict validator of cyclonedx-python-lib takes it, and refuses what is not so', async () => {
  const folders = await Promise.all(['1/model', '0/model'].map((name) => exports.write('cyclonedx', name)));
  const bill = (change: (bill: any) => void) => (copy: string) => edit(join(copy, FILE), change);
  const broken = changed(folders[0], {
    'a hash that is none': bill(({ metadata }) => (metadata.component.hashes[0].content = 'sha256:1')),
    'a licence that SPDX does not know': bill(({ metadata }) => (metadata.component.licenses[0].license.id = 'Forest-Law')),
    'a number as the value of a metric': bill(
      ({ metadata }) => (metadata.component.modelCard.quantitativeAnalysis.performanceMetrics[0].value = 42),
    ),
    'a type that there is not': bill(({ metadata }) => (metadata.component.type = 'model')),
    'a component twice': bill(({ components }) => components.push(components[0])),
    'no serial number': bill((one) => (one.serialNumber = '1')),
  });
  const said = verdicts('cyclonedx', [...folders, ...broken]);
  expect(said.slice(0, 2)).toEqual([null, null]);
  expect(said.slice(2).map((one, i) => [broken[i], one === null])).toEqual(broken.map((copy) => [copy, false]));
});
