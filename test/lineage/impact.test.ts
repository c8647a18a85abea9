/** What depends on a record: against a walk by brute force over stores that are made by lot, and what is only possible. */
import { expect, test } from '@jest/globals';
import { blobKey } from '../../artifacts/keys.js';
import { CounterRng } from '../../common/philox.js';
import type { DataRecord } from '../../pool/records.js';
import { Datasets } from '../../lineage/datasets.js';
import { readGraph } from '../../lineage/graph.js';
import { impactOf, type Touch } from '../../lineage/impact.js';
import { recordCalled, recordsSaying } from '../../lineage/roots.js';
import { recomputationOf, restOf, runsOf } from '../../lineage/withdraw.js';
import { Toy, pad, record } from './toy.js';

const touchedBy = async (toy: Toy, dataset: string, ...places: number[]) => {
  const datasets = new Datasets(toy.store, await readGraph(toy.store));
  const { touched } = await impactOf(datasets, {
    sources: new Set(),
    records: new Map([[toy.made[dataset].digest, new Set(places)]]),
  });
  const names = new Map(Object.entries(toy.made).map(([name, { digest }]) => [digest, name]));
  return new Map([...touched].map(([digest, touch]) => [names.get(digest)!, touch]));
};
const certain = (touched: ReadonlyMap<string, Touch>) => [...touched].flatMap(([name, touch]) => (touch.certain ? [name] : [])).sort(); // prettier-ignore
const possible = (touched: ReadonlyMap<string, Touch>) => [...touched].flatMap(([name, touch]) => (touch.certain ? [] : [name])).sort(); // prettier-ignore
const recordsIn = (touched: ReadonlyMap<string, Touch>, name: string) => {
  const records = touched.get(name)?.records;
  return records === 'all' ? 'all' : [...(records ?? [])].sort((a, b) => a - b);
};

/** Which artifacts hold a record or come from it, by the records themselves: a way that knows no statements, selections or ids. */
class Brute extends Toy {
  readonly #order: { readonly name: string; readonly model?: string; readonly prompts?: string; readonly train?: string; readonly start?: string }[] = []; // prettier-ignore
  override async selection(...given: Parameters<Toy['selection']>): Promise<void> {
    this.#order.push({ name: given[0] });
    await super.selection(...given);
  }
  override async model(...given: Parameters<Toy['model']>): Promise<void> {
    const [name, train, , , start] = given;
    this.#order.push({ name, train, start });
    await super.model(...given);
  }
  override async texts(...given: Parameters<Toy['texts']>): Promise<void> {
    const [name, model, prompts] = given;
    this.#order.push({ name, model, prompts });
    await super.texts(...given);
  }
  depending(root: DataRecord): string[] {
    const records = new Set([root]);
    const found = new Set(['real']);
    for (const { name, model, prompts, train, start } of this.#order) {
      if (train) {
        if (this.recordsOf(train).some((one) => records.has(one)) || (start && found.has(start))) found.add(name);
      } else {
        if (model)
          for (const [i, one] of this.recordsOf(name).entries())
            if (found.has(model) || records.has(this.recordsOf(prompts!)[i])) records.add(one);
        if (this.recordsOf(name).some((one) => records.has(one))) found.add(name);
      }
    }
    return [...found].sort();
  }
}

test.each(Array.from({ length: 12 }, (_, seed) => seed))(
  'a store made by lot (%d): exactly what brute force finds',
  async (seed) => {
    const rng = new CounterRng({ seed, generation: 0, member: '', step: 'test' });
    let draws = 0;
    const lot = (n: number) => rng.integer(n, draws++);
    const toy = new Brute();
    await toy.people(6);
    const [sets, models] = [['real'], [] as string[]];
    for (let i = 0; i < 14; i++) {
      const more = { member: 'opt', generation: i };
      const kind = models.length === 0 ? 0 : lot(3);
      if (kind === 0 || kind === 1) {
        const runs = Array.from({ length: 1 + lot(3) }, (): [string, number, number] => {
          const set = sets[lot(sets.length)];
          const size = toy.recordsOf(set).length;
          const first = lot(size);
          return [set, first, 1 + lot(size - first)];
        });
        await toy.selection(`set/${i}`, runs, more);
        sets.push(`set/${i}`);
        if (kind === 0) {
          await toy.model(
            `model/${i}`,
            `set/${i}`,
            more,
            {},
            models.length > 0 && lot(3) === 0 ? models[lot(models.length)] : undefined,
          );
          models.push(`model/${i}`);
        }
      } else {
        await toy.texts(`texts/${i}`, models[lot(models.length)], sets[lot(sets.length)], more);
        sets.push(`texts/${i}`);
      }
    }
    for (let at = 0; at < 6; at++) {
      const touched = await touchedBy(toy, 'real', at);
      // two sets may be the same
      const digests = (names: readonly string[]) => [...new Set(names.map((name) => toy.made[name].digest))].sort();
      expect([at, digests(certain(touched))]).toEqual([at, digests(toy.depending(toy.recordsOf('real')[at]))]);
      expect(possible(touched)).toEqual([]);
    }
  },
);

test('two models in a circle, and one that accumulates: generation by generation, and the record by its place', async () => {
  const toy = new Brute();
  await toy.people(4);
  await toy.selection('opt/train/0', [['real', 0, 2]], { member: 'opt' });
  await toy.model('opt/0', 'opt/train/0', { member: 'opt' });
  await toy.texts('opt/texts/0', 'opt/0', 'real', { member: 'opt' });
  await toy.selection('llama/train/0', [['real', 2, 2]], { member: 'llama' });
  await toy.model('llama/0', 'llama/train/0', { member: 'llama' });
  await toy.texts('llama/texts/0', 'llama/0', 'llama/train/0', { member: 'llama' });
  for (const [self, other] of [
    ['opt', 'llama'],
    ['llama', 'opt'],
  ]) {
    // prettier-ignore
    await toy.selection(`${self}/train/1`, [[`${other}/texts/0`, 0, 2]], { member: self, generation: 1 });
    await toy.model(`${self}/1`, `${self}/train/1`, { member: self, generation: 1 });
    await toy.result('c/seed-1', 1, self, { model: `${self}/1`, dataset: `${self}/train/1`, generated: `${self}/train/1` });
  }
  await toy.selection('all/0', [['opt/texts/0', 0, 4]], { generation: 0, member: 'all' });
  await toy.selection('all/1', [['all/0', 0, 4], ['real', 0, 1]], { generation: 1, member: 'all' }); // prettier-ignore
  await toy.model('all', 'all/1', { member: 'all' });
  const third = await touchedBy(toy, 'real', 3);
  expect(certain(third)).toEqual(toy.depending(toy.recordsOf('real')[3]));
  // opt did not learn it, and continued it once: that text llama does not draw
  expect([recordsIn(third, 'opt/texts/0'), recordsIn(third, 'llama/texts/0'), third.has('llama/1'), third.has('opt/1')]).toEqual([[3], 'all', false, true]); // prettier-ignore
  expect(recordsIn(third, 'all/1')).toEqual([3]);
  const graph = await readGraph(toy.store);
  const datasets = new Datasets(toy.store, graph);
  const { found } = await recordCalled(toy.store, graph, 'train/000003');
  const impact = await impactOf(datasets, { sources: new Set(), records: new Map([[toy.made.real.digest, new Set([3])]]) });
  const runs = runsOf(graph, impact);
  expect(runs).toEqual([{ experiment: 'cross', plan: expect.any(String), run: 'c/seed-1', certain: [1], possible: [] }]);
  // all that leads to what generation 1 left: both members' first models, and each record is 8 tokens
  expect(await recomputationOf(datasets, runs, { sources: new Set(), found })).toEqual({
    again: { prepare: 1, sample: 4, finetune: 4, generate: 2 },
    reused: {},
    trainTokens: 4 * 2 * 8 * 2,
    writeTokens: 6 * 8,
    uncounted: 0,
    sources: [{ digest: toy.made.people.digest, names: ['people'], settings: ['data.train'] }],
  });
});

test('an operator that drops it ends it, unless it compared the others with it; a text that it changed still comes from it', async () => {
  const operated = async (name: string, runs: [string, number, number][]) => {
    const toy = new Toy();
    await toy.people(4);
    await toy.selection('kept', runs.map(([, first, count]) => ['real', first, count]), { step: 'postprocess', parameters: { operators: [{ name }] } }); // prettier-ignore
    await toy.model('m', 'kept');
    return touchedBy(toy, 'real', 1);
  };
  const without: [string, number, number][] = [['real', 0, 1], ['real', 2, 2]]; // prettier-ignore
  for (const name of ['length', 'language', 'verify']) expect([...(await operated(name, without)).keys()]).toEqual(['real']);
  for (const name of ['dedupe', 'rank', 'resample', 'curate', 'diverse', 'of a later version']) expect([name, possible(await operated(name, without))]).toEqual([name, ['kept', 'm']]); // prettier-ignore
  expect(certain(await operated('length', [['real', 0, 2]]))).toEqual(['kept', 'm', 'real']);

  const toy = new Toy();
  await toy.people(4);
  const cut = toy.recordsOf('real').slice(1).map((one) => ({ ...one, text: 'p', tokens: [1, 2] })); // prettier-ignore
  await toy.dataset('cut', cut, { set: 'real' }, { step: 'postprocess', parameters: { operators: [{ name: 'cut' }] } });
  const touched = await touchedBy(toy, 'real', 1);
  expect([recordsIn(touched, 'cut'), recordsIn(await touchedBy(toy, 'real', 0), 'cut')]).toEqual([[0], []]);
});

test('what was drawn and not seen is not depended on; what was chosen by it may be', async () => {
  const toy = new Toy();
  await toy.people(6);
  await toy.model('brief', 'real', { seed: 9 }, { epochs: undefined, maxSteps: 2, batch: 2 });
  const seen = [...new CounterRng({ seed: 9, generation: 0, member: '', step: 'finetune' }).permutation(6, 0)].slice(0, 4);
  for (let at = 0; at < 6; at++) expect([at, (await touchedBy(toy, 'real', at)).has('brief')]).toEqual([at, seen.includes(at)]);

  for (const [select, expected] of [
    ['best', ['chosen']],
    ['last', []],
  ] as const) {
    const other = new Toy();
    await other.people(2);
    await other.dataset('valid', [record('valid/000000', { kind: 'real', source: 'x' }, 'v', 8)], {}, { step: 'prepare', seed: 3 }, { valid: 'people' }); // prettier-ignore
    await other.step('chosen', 'model', { 'model.safetensors': 'chosen' }, { train: 'real', valid: 'valid' }, { parameters: { training: { epochs: 3, batch: 1, select } } }); // prettier-ignore
    expect([select, possible(await touchedBy(other, 'valid', 0))]).toEqual([select, expected]);
  }
});

test('a tokenizer that was trained on it may have changed all that is in its tokens', async () => {
  for (const [kind, expected] of [
    ['bpe', ['m', 'tokenizer']],
    ['base', []],
  ] as const) {
    const toy = new Toy();
    await toy.people(2);
    const tokenizer = await toy.publish('tokenizer', 'tokenizer', { 'tokenizer.json': '{}' });
    const { outputs } = toy.steps.real;
    await toy.state({
      ...toy.steps.real,
      seed: 4,
      outputs: { tokenizer, train: outputs.dataset },
      parameters: { tokenizer: { kind } },
    });
    await toy.dataset('other', [record('train/9', { kind: 'real', source: 'x' }, 'o', 2)], {}, { step: 'prepare', seed: 8 }, { train: 'people' }); // prettier-ignore
    await toy.step('m', 'model', { 'model.safetensors': 'm' }, { train: 'other', tokenizer: 'tokenizer' }, { parameters: { training: { epochs: 1, batch: 1 } } }); // prettier-ignore
    expect([kind, possible(await touchedBy(toy, 'real', 0))]).toEqual([kind, expected]);
  }
});

/** A store with one source and the blocks that were cut of it. */
async function blocks(source: string, ...texts: string[]): Promise<Toy> {
  const toy = new Toy();
  await toy.source('people', source, true, 'human');
  const records = texts.map((text, i) => record(`train/${pad(i)}`, { kind: 'real', source: 'file:people' }, text, 4));
  await toy.dataset('real', records, {}, { step: 'prepare' }, { train: 'people' });
  return toy;
}

test('a text is found where blocks cut it, and its lines leave the source until none says it', async () => {
  const source = 'A first line\nMy own words\nA last line\nmy  OWN\nwords again\nmy own\nMY own words\nwords\n';
  const toy = await blocks(
    source,
    'A first line\nMy o',
    'wn words\nA last line\n',
    'my  OWN\nwords ',
    'again\nmy own',
    '\nMY own words\nwords\n',
  );
  const graph = await readGraph(toy.store);
  const { found } = await recordsSaying(toy.store, graph, 'My own words');
  expect(found.map(({ id }) => id)).toEqual(['train/000000', 'train/000001', 'train/000002', 'train/000004']);
  const rest = (how: Parameters<typeof restOf>[2]) => restOf(new Datasets(toy.store, graph), toy.made.people.digest, how);
  // when the line between is gone the two beside it say it together
  expect(await rest({ found, text: 'my own WORDS' })).toEqual({ text: 'A first line\nA last line\n', lines: 2, removed: 6 });
  const [second] = (await recordCalled(toy.store, graph, 'train/000001')).found;
  expect((await rest({ found: [second] })).text).toBe('A first line\nmy  OWN\nwords again\nmy own\nMY own words\nwords\n');
  await expect(recordCalled(toy.store, graph, 'train/9')).rejects.toMatchObject({ kind: 'notFound' });
  await expect(recordsSaying(toy.store, graph, 'nobody said')).rejects.toMatchObject({ kind: 'notFound' });
});

test('rows of a template leave by what the template makes of them, or by a text in any field', async () => {
  const rows = [
    { instruction: 'Add.', output: 'yes', by: 'Ann' },
    { instruction: 'Say it.', output: 'yes', by: 'Bob' },
    { instruction: 'Say no.', output: 'no', by: 'Ann' },
  ];
  const toy = new Toy();
  await toy.source('people', rows.map((row) => `${JSON.stringify(row)}\n`).join(''), true, 'human');
  const template = { format: '### {instruction}\n{output}' };
  const records = rows.map(({ instruction, output }, i) => record(`train/${i}`, { kind: 'real', source: 'x' }, output, 2, { tokens: 3, text: `</s>### ${instruction}\n` })); // prettier-ignore
  await toy.dataset('real', records, {}, { step: 'prepare', parameters: { template } }, { train: 'people' });
  const graph = await readGraph(toy.store);
  const rest = async (how: Parameters<typeof restOf>[2]) => (await restOf(new Datasets(toy.store, graph), toy.made.people.digest, how)).text; // prettier-ignore
  const left = (...kept: number[]) => kept.map((i) => `${JSON.stringify(rows[i])}\n`).join('');
  expect(await rest(await recordCalled(toy.store, graph, 'train/1'))).toBe(left(0, 2));
  expect(await rest({ found: [], text: 'ann' })).toBe(left(1));
  expect(await rest({ found: [], text: 'it. yes' })).toBe(left(0, 2));
});

test('a table tells of each text by itself, so who reads it compares nothing; one that a touched model made may have decided all', async () => {
  for (const [fitted, expected] of [
    ['elsewhere', []],
    ['real', ['kept']],
  ] as const) {
    const toy = new Toy();
    await toy.people(4);
    await toy.dataset('elsewhere', [record('train/9', { kind: 'real', source: 'x' }, 'e', 4)], {}, { step: 'prepare', seed: 2 }, { train: 'people' }); // prettier-ignore
    await toy.model('reader', fitted);
    await toy.step('table', 'table', { 'rows.bin': 'numbers' }, { data: 'real', model: 'reader' }, { step: 'observe' });
    const document = { schema: 'habsburg.selection/v1', sets: [{ kind: 'dataset', digest: toy.made.real.digest, records: 4 }], runs: [[0, 2, 2]] }; // prettier-ignore
    const parameters = { operators: [{ name: 'threshold' }] };
    await toy.step('kept', 'selection', { 'selection.json': JSON.stringify(document) }, { set: 'real', 'likelihood/first': 'table' }, { step: 'postprocess', parameters }); // prettier-ignore
    const touched = await touchedBy(toy, 'real', 1);
    expect([fitted, touched.has('table'), possible(touched)]).toEqual([fitted, true, expected]);
  }
});

test('where records are gone, what they went into may depend on it, and is told', async () => {
  const toy = new Toy();
  await toy.people(4);
  await toy.selection('kept', [['real', 0, 2]], {});
  await toy.model('m', 'kept');
  await toy.texts('said', 'm', 'real');
  const graph = await readGraph(toy.store);
  for (const name of ['kept', 'said']) for (const { digest } of toy.made[name].files) toy.objects.objects.delete(blobKey(digest));
  const datasets = new Datasets(toy.store, graph);
  const { touched, lost } = await impactOf(datasets, {
    sources: new Set(),
    records: new Map([[toy.made.real.digest, new Set([3])]]),
  });
  expect([...lost].sort()).toEqual([toy.made.kept.digest, toy.made.m.digest, toy.made.said.digest].sort());
  expect(touched.get(toy.made.m.digest)).toMatchObject({ certain: false, possible: true });
  const search = await recordsSaying(toy.store, graph, 'person 3');
  expect([search.found.map(({ id }) => id), search.lost]).toEqual([['train/000003'], [toy.made.said.digest]]);
});
