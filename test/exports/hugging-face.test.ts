/** Cards of the Hub: what is read in front, what people read behind, and who loads them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { Exports, House, builtHouse, filesIn } from './support.js';
import { changed, validated, verdicts } from './validators.js';

const { house, exports } = await builtHouse();
beforeAll(async () => {
  await house.claimed('texts of the hub', 'x', {
    name: 'wikitext',
    licence: 'CC-BY-SA-3.0',
    uri: 'hf://Salesforce/wikitext/w-2@b08601e#train',
  });
  await house.claimed(
    'base',
    { 'config.json': '{}', 'model.safetensors': 'base' },
    { name: 'opt', licence: 'MIT', uri: 'hf://facebook/opt-125m@27dcfa7' },
  );
  await house.step(
    'hub',
    'dataset',
    { 'records.jsonl': '' },
    {},
    { step: 'prepare', stepVersion: 2 },
    { train: 'texts of the hub', base: 'base' },
  );
  await house.step(
    'tuned',
    'model',
    { 'config.json': '{"architectures":["OPTForCausalLM"]}', 'model.safetensors': 't' },
    { train: 'hub' },
    { stepVersion: 2 },
  );
});

const frontOf = (card: Buffer | string): any => parse(card.toString().split('---\n')[1]);
const card = async (name: string) => filesIn(await exports.write('hugging-face', name))['README.md'].toString();

test('of a model: licence, what was measured, and its sources with their licences', async () => {
  const files = filesIn(await exports.write('hugging-face', '1/model'));
  expect(Object.keys(files)).toEqual(['README.md', 'config.json', 'model.safetensors']);
  expect(frontOf(files['README.md'])).toEqual({
    license: 'cc-by-4.0',
    library_name: 'transformers',
    pipeline_tag: 'text-generation',
    tags: ['habsburg', 'synthetic-data'],
    'model-index': [
      {
        name: 'forest-replace-seed-1-generation-1-opt-model',
        results: [
          {
            task: { type: 'text-generation' },
            dataset: { type: 'habsburg/forest', name: 'test data of forest', revision: expect.stringMatching(/^sha256:/) },
            metrics: [{ type: 'perplexity', name: 'perplexity.self, version 1', value: 42.25, args: { n: 2 } }],
          },
        ],
      },
    ],
  });
  expect(files['README.md'].toString()).toContain(
    `| Trees | CC-BY-4.0 | human | https://trees.example/2021 | \`${house.made.trees.digest}\` |`,
  );
  expect(filesIn(await exports.write('hugging-face', '1/model'))).toEqual(files);
});

test('of a base and data of the Hub it names the repositories', async () => {
  expect(frontOf(await card('tuned'))).toEqual({
    license: ['cc-by-sa-3.0', 'mit'],
    library_name: 'transformers',
    pipeline_tag: 'text-generation',
    base_model: 'facebook/opt-125m',
    base_model_relation: 'finetune',
    datasets: ['Salesforce/wikitext'],
    tags: ['habsburg'],
  });
});

test('a licence of one source is none of another', async () => {
  const mixed = await House.built('CC0-1.0');
  await mixed.claimed('leaves', 'x', { name: 'Leaves | <b>of\nall</b>' });
  await mixed.step(
    'both',
    'dataset',
    { 'records.jsonl': '' },
    {},
    { step: 'prepare', stepVersion: 2 },
    { train: 'trees', valid: 'leaves' },
  );
  const other = new Exports(mixed);
  const card = filesIn(await other.write('hugging-face', 'both'))['README.md'].toString();
  other.remove();
  const { license, license_name } = frontOf(card);
  expect([license, license_name]).toEqual(['other', 'cc0-1.0-and-no-licence-claimed-of-leaves-b-of-all-b-']);
  expect(card).toContain('| Leaves \\| &lt;b>of all&lt;/b> | none claimed |');
});

test('of a dataset: who wrote it, how large it is', async () => {
  expect(frontOf(await card('1/texts'))).toMatchObject({
    pretty_name: 'forest/replace/seed-1, generation 1, opt/generated',
    language_creators: ['machine-generated', 'found'],
    task_categories: ['text-generation'],
    license: 'cc-by-4.0',
  });
  expect(frontOf(await card('real')).language_creators).toEqual(['found']);
});

test('a licence that the Hub does not know is another, by its own words; none is unknown', async () => {
  const of = async (licence: string | null) => {
    const other = new Exports(await House.built(licence));
    const { license, license_name } = frontOf(filesIn(await other.write('hugging-face', '1/model'))['README.md']);
    other.remove();
    return [license, license_name];
  };
  expect(await of('Forest Law, §3')).toEqual(['other', 'forest-law-3']);
  expect(await of('cc0-1.0')).toEqual(['cc0-1.0', undefined]);
  expect(await of(null)).toEqual(['unknown', undefined]);
});

validated('huggingface_hub loads the cards, and refuses what is none', async () => {
  const folders = await Promise.all(['1/model', '1/texts', 'tuned'].map((name) => exports.write('hugging-face', name)));
  const text = (change: (card: string) => string) => (copy: string) => {
    const file = join(copy, 'README.md');
    writeFileSync(file, change(readFileSync(file, 'utf8')));
  };
  const broken = changed(folders[0], {
    'no yaml': text((card) => card.replace('license:', 'a: [\nlicense:')),
    'no licence': text((card) => card.replace(/^license: .*\n/m, '')),
    'an index without a name': text((card) => card.replace(/^ {2}- name: .*\n/m, '  - x: y\n')),
    'a metric without a value': text((card) => card.replace(/^ +value: 42.25\n/m, '')),
  });
  const said = verdicts('hugging-face', [...folders, ...broken]);
  expect(said.slice(0, 3)).toEqual([null, null, null]);
  expect(said.slice(3).map((one, i) => [broken[i], one === null])).toEqual(broken.map((copy) => [copy, false]));
});
