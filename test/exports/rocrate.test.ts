/** A run as a crate: what is in it, who accepts it, and what they refuse. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { sha256 } from '../../common/canonical.js';
import { Exports, House, builtHouse, edit, filesIn } from './support.js';
import { changed, validated, verdicts } from './validators.js';

const { house, exports } = await builtHouse();

const hexOf = (name: string) => house.made[name].digest.slice(7);
type Graph = Record<string, any>;
const graphOf = (bytes: Buffer): Graph =>
  Object.fromEntries(JSON.parse(bytes.toString())['@graph'].map((one: any) => [one['@id'], one]));

test('every artifact on the way is there by its manifest, every statement by its bytes', async () => {
  const files = filesIn(await exports.write('ro-crate', '1/model'));
  const manifests = ['0/model', '0/texts', 'real', 'trees'].map((name) => `artifacts/${hexOf(name)}.json`);
  expect(Object.keys(files).sort()).toEqual(
    [
      ...manifests,
      'experiment.json',
      'files/config.json',
      'files/model.safetensors',
      'ro-crate-metadata.json',
      'statements.jsonl',
    ].sort(),
  );
  for (const path of manifests) expect(sha256(files[path])).toBe(`sha256:${path.slice(10, 74)}`);
  const lines = files['statements.jsonl'].toString().trimEnd().split('\n');
  const graph = graphOf(files['ro-crate-metadata.json']);
  // four steps and what is said of the source
  expect(lines).toHaveLength(5);
  const actions = lines.slice(0, 4).map((line) => graph[`#${sha256(line).slice(7)}`]);
  expect(actions.map(({ name }) => name)).toEqual([
    'prepare',
    'finetune of opt, generation 0',
    'generate of opt, generation 0',
    'finetune of opt, generation 1',
  ]);
  expect(actions[2]).toMatchObject({
    object: [`0/model`, 'real'].map((name) => ({ '@id': `artifacts/${hexOf(name)}.json` })),
    startTime: '2026-01-01T02:00:00.000Z',
  });
  expect(actions[3].result).toEqual({ '@id': 'files/' });
  expect(graph[`artifacts/${hexOf('trees')}.json`]).toMatchObject({
    name: 'Trees',
    license: { '@id': 'https://spdx.org/licenses/CC-BY-4.0' },
    url: 'https://trees.example/2021',
  });
  expect(graph['./'].license).toEqual({ '@id': 'https://spdx.org/licenses/CC-BY-4.0' });
});

test('what is linked is there, and every file is listed', async () => {
  const folder = await exports.write('ro-crate', '1/texts');
  const graph = graphOf(readFileSync(join(folder, 'ro-crate-metadata.json')));
  const linked = (value: unknown): string[] =>
    typeof value !== 'object' || value === null
      ? []
      : Array.isArray(value)
        ? value.flatMap(linked)
        : [
            ...('@id' in value && Object.keys(value).length === 1 ? [value['@id'] as string] : []),
            ...Object.values(value).flatMap(linked),
          ];
  const outside = [...new Set(Object.values(graph).flatMap((one) => Object.values(one as object).flatMap(linked)))].filter(
    (id) => !(id in graph),
  );
  expect(outside).toEqual(['https://w3id.org/ro/crate/1.1', 'https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE']);
  const parts = graph['./'].hasPart.map((one: any) => one['@id']).filter((id: string) => !id.endsWith('/'));
  expect(parts.sort()).toEqual(
    Object.keys(filesIn(folder))
      .filter((path) => path !== 'ro-crate-metadata.json')
      .sort(),
  );
});

test('exported again it is the same, byte for byte; what is of no run is refused', async () => {
  expect(filesIn(await exports.write('ro-crate', '1/model'))).toEqual(filesIn(await exports.write('ro-crate', '1/model')));
  await expect(exports.write('ro-crate', 'trees')).rejects.toMatchObject({
    kind: 'invalid',
    message: expect.stringContaining('no run of an experiment names the source'),
  });
});

test('where nobody claims a licence, that is what it says', async () => {
  const nobody = new Exports(await House.built(null));
  const graph = graphOf(filesIn(await nobody.write('ro-crate', '1/model'))['ro-crate-metadata.json']);
  nobody.remove();
  expect(graph['./'].license).toEqual({ '@id': '#no-licence-claimed' });
});

validated(
  'rocrate-validator takes it under the profile of provenance, which has the others in it, and refuses what is not so',
  async () => {
    const folder = await exports.write('ro-crate', '1/model');
    const document = (change: (graph: Graph) => void) => (copy: string) =>
      edit(join(copy, 'ro-crate-metadata.json'), (crate) => {
        const graph = Object.fromEntries(crate['@graph'].map((one: any) => [one['@id'], one])) as Graph;
        change(graph);
        crate['@graph'] = Object.values(graph);
      });
    const broken = changed(folder, {
      'no licence': document((graph) => delete graph['./'].license),
      'no workflow': document((graph) => delete graph['./'].mainEntity),
      'no instrument': document((graph) => delete graph['#run'].instrument),
      'a file that is gone': (copy) => rmSync(join(copy, 'experiment.json')),
      'a step without its tool': document((graph) => delete graph['#step-finetune-v1'].workExample),
    });
    const said = verdicts('ro-crate', [folder, ...broken]);
    expect(said[0]).toBeNull();
    expect(said.slice(1).map((one, i) => [broken[i], one === null])).toEqual(broken.map((copy) => [copy, false]));
  },
);
