import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sha256, type Digest } from '../../common/canonical.js';
import { CounterRng } from '../../common/philox.js';
import { RECORDS_FILE, readAllRecords, writeRecords, type DataRecord } from '../../pool/records.js';
import { select } from '../../pool/select.js';
import {
  SELECTION_FILE,
  copyRecords,
  parseSelection,
  piecesOf,
  readWeights,
  selectionOf,
  writeSelection,
  type SelectedSet,
  type SelectionDocument,
} from '../../pool/selection.js';
import { setName, setsOf, termsOf, type MixturePlan } from '../../spec/mixture.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'habsburg-selection-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const digestOf = (name: string): Digest => sha256(name);
const record = (set: string, i: number): DataRecord => ({
  id: `${set}/${String(i).padStart(6, '0')}`,
  tokens: [i],
  text: `é ${set} ${i}`.repeat(1 + (i % 3)),
  origin: { kind: 'real', source: set },
});

async function dataset(name: string, n: number): Promise<string> {
  const path = join(folder, 'sets', name.replace('/', '-'));
  await mkdir(path, { recursive: true });
  await writeRecords(
    join(path, RECORDS_FILE),
    Array.from({ length: n }, (_, i) => record(name, i)),
  );
  return path;
}

describe('a selection', () => {
  test('is written a run a line and read back; a run that leads outside its set is damage', async () => {
    const sets = new Map<string, SelectedSet>([
      ['real', { kind: 'dataset', digest: digestOf('real'), records: 5 }],
      ['opt/3', { kind: 'selection', digest: digestOf('opt'), records: 4 }],
      ['unused', { kind: 'dataset', digest: digestOf('unused'), records: 4 }],
    ]);
    const document = selectionOf(sets, [
      { set: 'opt/3', first: 1, count: 3 },
      { set: 'real', first: 0, count: 2 },
      { set: 'opt/3', first: 1, count: 3 },
    ]);
    expect(document.sets.map(({ digest }) => digest)).toEqual([digestOf('opt'), digestOf('real')]);
    await writeSelection(folder, document);
    const bytes = await readFile(join(folder, SELECTION_FILE));
    expect(bytes.toString().split('\n').slice(1, 4)).toEqual(['[0,1,3],', '[1,0,2],', '[0,1,3]']);
    expect(parseSelection(bytes, 's')).toEqual(document);
    const wrong = bytes.toString().replace('[1,0,2]', '[1,4,2]');
    expect(() => parseSelection(Buffer.from(wrong), 's')).toThrow(
      's: run [1, 4, 2] leads outside its set; the selection is damaged',
    );
    expect(() => parseSelection(Buffer.from('{}'), 's')).toThrow(/the selection is damaged/);
  });

  test('of selections comes down to datasets, cut where a run begins and ends', async () => {
    const documents = new Map<Digest, SelectionDocument>();
    const add = (name: string, sets: [string, SelectedSet][], runs: [string, number, number][]) =>
      documents.set(
        digestOf(name),
        selectionOf(
          new Map(sets),
          runs.map(([set, first, count]) => ({ set, first, count })),
        ),
      );
    const of = (kind: 'dataset' | 'selection', name: string, records: number): [string, SelectedSet] => [
      name,
      { kind, digest: digestOf(name), records },
    ];
    add('inner', [of('dataset', 'a', 4), of('dataset', 'b', 4)], [['a', 1, 3], ['b', 0, 2], ['a', 0, 1]]); // prettier-ignore
    add('outer', [of('selection', 'inner', 6), of('dataset', 'c', 3)], [['inner', 2, 3], ['c', 2, 1], ['inner', 0, 6]]); // prettier-ignore
    const pieces = await piecesOf(digestOf('outer'), async (digest) => documents.get(digest)!);
    const [a, b, c] = ['a', 'b', 'c'].map(digestOf);
    expect(pieces).toEqual([
      { dataset: a, first: 3, count: 1 },
      { dataset: b, first: 0, count: 2 },
      { dataset: c, first: 2, count: 1 },
      { dataset: a, first: 1, count: 3 },
      { dataset: b, first: 0, count: 2 },
      { dataset: a, first: 0, count: 1 },
    ]);
    const folders = new Map([[a, await dataset('a', 4)], [b, await dataset('b', 4)], [c, await dataset('c', 3)]]); // prettier-ignore
    const out = join(folder, 'out');
    await mkdir(out);
    await copyRecords(pieces, async (digest) => folders.get(digest)!, out);
    const ids = (await readAllRecords(out)).map(({ id, text }) => [id, text]);
    const expected = [['a', 3], ['b', 0], ['b', 1], ['c', 2], ['a', 1], ['a', 2], ['a', 3], ['b', 0], ['b', 1], ['a', 0]] as const; // prettier-ignore
    expect(ids).toEqual(expected.map(([set, i]) => [record(set, i).id, record(set, i).text]));
    const beyond = [{ dataset: a, first: 2, count: 3 }];
    await expect(copyRecords(beyond, async () => folders.get(a)!, out)).rejects.toThrow(
      /names records that dataset .* does not have/,
    );
  });

  test('says what records count for where it is not 1, also inside another one', async () => {
    const dataset4 = (name: string): [string, SelectedSet] => [name, { kind: 'dataset', digest: digestOf(name), records: 4 }];
    const inner = selectionOf(new Map([dataset4('a'), dataset4('b')]), [
      { set: 'a', first: 0, count: 2, weight: 0.5 },
      { set: 'b', first: 1, count: 2, weight: 1 },
    ]);
    expect(inner.runs).toEqual([[0, 0, 2, 0.5], [1, 1, 2]]); // prettier-ignore
    const outer = selectionOf(new Map([['inner', { kind: 'selection', digest: digestOf('i'), records: 4 }]]), [
      { set: 'inner', first: 1, count: 3, weight: 3 },
      { set: 'inner', first: 0, count: 4 },
    ]);
    await writeSelection(folder, outer);
    const read = parseSelection(await readFile(join(folder, SELECTION_FILE)), 's');
    expect(read).toEqual(outer);
    const pieces = await piecesOf(digestOf('o'), async (digest) => (digest === digestOf('o') ? read : inner));
    const folders = new Map([[digestOf('a'), await dataset('a', 4)], [digestOf('b'), await dataset('b', 4)]]); // prettier-ignore
    const out = join(folder, 'weighted');
    await mkdir(out);
    await copyRecords(pieces, async (digest) => folders.get(digest)!, out);
    expect(await readWeights(out)).toEqual(Float32Array.of(1.5, 3, 3, 0.5, 0.5, 1, 1));
    expect(await readAllRecords(out)).toHaveLength(7);
    const alike = join(folder, 'alike');
    await mkdir(alike);
    await copyRecords([{ dataset: digestOf('a'), first: 0, count: 4 }], async (digest) => folders.get(digest)!, alike);
    expect(await readWeights(alike)).toBeUndefined();
    const wrong = { ...outer, runs: [[0, 0, 2, 0]] };
    expect(() => parseSelection(Buffer.from(JSON.stringify(wrong)), 's')).toThrow(/the selection is damaged/);
  });
});

test('accumulating for 50 generations stores as much in the last one as in the first ones, and the whole set comes back', async () => {
  const mixture: MixturePlan = { kind: 'accumulate' };
  const terms = termsOf(mixture);
  const documents = new Map<Digest, SelectionDocument>();
  const bytes: number[] = [];
  const publish = async (document: SelectionDocument, records: number): Promise<SelectedSet> => {
    const to = join(folder, 'published');
    await mkdir(to, { recursive: true });
    await writeSelection(to, document);
    const content = await readFile(join(to, SELECTION_FILE));
    bytes[bytes.length - 1] += content.length;
    documents.set(sha256(content), document);
    return { kind: 'selection', digest: sha256(content), records };
  };
  let train!: SelectedSet;
  let past: SelectedSet | undefined;
  for (let t = 1; t <= 50; t++) {
    bytes.push(0);
    const sets = new Map<string, SelectedSet>([
      ['real', { kind: 'dataset', digest: digestOf('real'), records: 4 }],
      [`opt/${t - 1}`, { kind: 'dataset', digest: digestOf(`opt/${t - 1}`), records: 4 }],
      ...(past ? [[`opt/0-${t - 2}`, past] as const] : []),
    ]);
    const runs = select({
      termsAt: () => terms,
      self: 'opt',
      generation: t,
      n: () => 4,
      sizes: new Map([...sets].map(([name, { records }]) => [name, records])),
      rngOf: (generation) => new CounterRng({ seed: 1, generation, member: 'opt', step: 'sample' }),
    });
    train = await publish(selectionOf(sets, runs), 4 * (t + 1));
    const all = setsOf({ ...terms[0], from: 'self' }, 'opt', t).map((set) => ({
      set: setName(set),
      first: 0,
      count: sets.get(setName(set))!.records,
    }));
    past = await publish(selectionOf(sets, all), 4 * t);
  }
  // digits of counts apart, every generation adds the same
  expect(bytes[49] - bytes[1]).toBeLessThan(10);
  const folders = new Map<Digest, string>([[digestOf('real'), await dataset('real', 4)]]);
  for (let t = 0; t < 50; t++) folders.set(digestOf(`opt/${t}`), await dataset(`opt/${t}`, 4));
  const out = join(folder, 'all');
  await mkdir(out);
  await copyRecords(await piecesOf(train.digest, async (digest) => documents.get(digest)!), async (d) => folders.get(d)!, out);
  const names = ['real', ...Array.from({ length: 50 }, (_, t) => `opt/${t}`)];
  const expected = names.flatMap((set) => [0, 1, 2, 3].map((i) => record(set, i).id));
  expect((await readAllRecords(out)).map(({ id }) => id)).toEqual(expected);
});
