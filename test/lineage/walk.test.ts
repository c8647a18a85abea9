/** Back from an artifact to the people's texts: names, ways, differences, and every byte and statement on the way that is not what it says. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from '@jest/globals';
import { blobKey } from '../../artifacts/keys.js';
import { statementBytes } from '../../artifacts/in-toto.js';
import { makeStatement } from '../../artifacts/statement.js';
import { addStatement, statementKey } from '../../artifacts/statements.js';
import { stepName } from '../../artifacts/step-record.js';
import { sha256, type Digest } from '../../common/canonical.js';
import { diffLineage } from '../../lineage/diff.js';
import { readGraph } from '../../lineage/graph.js';
import { findTarget, oneTarget } from '../../lineage/target.js';
import { verifyLineage } from '../../lineage/verify.js';
import { ancestryOf, pathBetween } from '../../lineage/walk.js';
import { Household } from './support.js';
import { sealed } from '../../signing/envelope.js';
import { signer } from '../support/signer.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-walk-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let house: Household;
beforeEach(async () => {
  house = new Household();
  await house.live(2);
});

const nameOf = (digest: Digest) => Object.entries(house.made).find(([, one]) => one.digest === digest)![0];
const verify = async (name: string) => verifyLineage(house.store, await readGraph(house.store), [house.made[name]]);

test('an ancestry is what the household was made of, and nothing else', async () => {
  const graph = await readGraph(house.store);
  const { artifacts, sources, unattested, made } = ancestryOf(graph, [house.made['llama/2/model']]);
  expect([...artifacts.keys()].map(nameOf).sort()).toEqual([
    'llama/2/model', 'llama/2/train',
    'opt/0/model', 'opt/0/texts', 'opt/0/train', 'opt/1/model', 'opt/1/texts', 'opt/1/train', 'opt/2/model', 'opt/2/texts', 'opt/2/train',
    'people', 'real',
  ]); // prettier-ignore
  expect(made).toHaveLength(12);
  expect([...sources.keys()].map(nameOf)).toEqual(['people']);
  expect([graph.faults, unattested]).toEqual([[], []]);
});

test('where a generation left no model, its name leads to the texts that stand in place of what one would have written', async () => {
  const graph = await readGraph(house.store);
  const { kind, digest, size } = house.made.real;
  const artifacts = { 'opt/generated': { kind, digest, size }, 'opt/raw': house.made['opt/0/train'] };
  const result = {
    experiment: 'cross',
    plan: sha256('plan'),
    run: 'real-text/seed-1',
    document: 'd',
    statement: sha256('statement'),
    keyid: signer.keyid,
    place: 'statements/d',
    generations: { from: 0, to: 0 },
    artifacts,
  };
  const named = { ...graph, results: [...graph.results, result] };
  for (const text of ['cross/real-text/seed-1/0', 'cross/real-text/seed-1/0/opt', 'cross/real-text/seed-1/0/opt/generated'])
    expect([text, (await oneTarget(house.store, named, text)).digest]).toEqual([text, digest]);
});

test('a name, the digits of a digest, a step key and a file lead to the same', async () => {
  const graph = await readGraph(house.store);
  const { digest, files } = house.made['opt/1/model'];
  const file = join(root, 'somewhere.bin');
  writeFileSync(file, 'weights of opt/1');
  for (const text of [
    'cross/c/seed-1/1/opt',
    'cross/c/seed-1/1/opt/model',
    digest,
    digest.slice(7, 19),
    file,
    files[1].digest,
    house.steps['opt/1/model'].key,
  ])
    // prettier-ignore
    expect([text, (await oneTarget(house.store, graph, text)).digest]).toEqual([text, digest]);
  expect((await findTarget(house.store, graph, 'cross/c/seed-1/1')).map((one) => nameOf(one.digest)).sort()).toEqual(['llama/1/model', 'opt/1/model']); // prettier-ignore
  expect(nameOf((await oneTarget(house.store, graph, 'people')).digest)).toBe('people');
  // config.json is the same in every model
  await expect(oneTarget(house.store, graph, files[0].digest)).rejects.toMatchObject({ kind: 'invalid', message: expect.stringContaining('names 6 artifacts') }); // prettier-ignore
  await expect(findTarget(house.store, graph, 'cross/c/seed-1/7')).rejects.toMatchObject({ kind: 'notFound' });
  writeFileSync(file, 'of nobody');
  await expect(findTarget(house.store, graph, file)).rejects.toMatchObject({ kind: 'notFound' });
});

test('why: a shortest way, and none against the arrows', async () => {
  const graph = await readGraph(house.store);
  const way = pathBetween(graph, house.made['llama/1/model'], house.made['opt/0/model'].digest)!;
  expect(way.map(({ by, name, of }) => [by.step, name, nameOf(of.digest)])).toEqual([
    ['finetune', 'train', 'llama/1/train'],
    ['sample', 'written', 'opt/1/texts'],
    ['generate', 'model', 'opt/1/model'],
    ['finetune', 'train', 'opt/1/train'],
    ['sample', 'written', 'opt/0/texts'],
    ['generate', 'model', 'opt/0/model'],
  ]);
  expect(pathBetween(graph, house.made['llama/1/model'], house.made.people.digest)!.at(-1)!.by.step).toBe('prepare');
  expect(pathBetween(graph, house.made['opt/0/model'], house.made['opt/1/model'].digest)).toBeUndefined();
  expect(pathBetween(graph, house.made['opt/2/model'], house.made['llama/0/model'].digest)).toBeUndefined();
});

test('diff: the first steps that were not done alike, and in what', async () => {
  await house.live(2, 2);
  const parted = async (a: string, b: string) => {
    const partings = await diffLineage(house.store, await readGraph(house.store), house.made[a], house.made[b]);
    return partings.map(({ a: { step, generation }, differences }) => [
      step,
      generation,
      differences.map((one) => one.in).join(),
    ]);
  };
  expect((await parted('opt/1/model', '2/opt/1/model'))[0]).toEqual(['sample', 0, 'seed']);
  expect(await parted('opt/1/model', 'opt/1/model')).toEqual([]);
  const inputs = { train: 'opt/0/train' };
  await house.step('longer', 'model', { 'model.safetensors': 'longer' }, inputs, { member: 'opt', parameters: { epochs: 3 } });
  expect(await parted('opt/0/model', 'longer')).toEqual([['finetune', 0, 'parameters.epochs']]);
  const other = { member: 'opt', code: { version: '0.2.0', digest: sha256('code 2') } };
  await house.step('newer', 'model', { 'model.safetensors': 'newer' }, inputs, other);
  expect(await parted('opt/0/model', 'newer')).toEqual([['finetune', 0, 'code']]);
});

test('verify: a whole ancestry holds; a bit of any file or manifest that is flipped, or one that is gone, is named', async () => {
  const whole = await verify('llama/2/model');
  expect(whole).toMatchObject({ verdicts: [], artifacts: 13, steps: 12, sources: 1 });
  const graph = await readGraph(house.store);
  const within = ancestryOf(graph, [house.made['llama/2/model']]).artifacts;
  let files = 0;
  // what is damaged is read again a few times, which takes its time: every sixth
  const some = Object.entries(house.made).filter((_, i) => i % 6 === 0);
  for (const [name, { digest, files: own }] of some)
    for (const blob of [digest, ...own.map((file) => file.digest)]) {
      const key = blobKey(blob);
      const bytes = house.objects.objects.get(key)!;
      const flipped = Buffer.from(bytes);
      flipped[files++ % bytes.length] ^= 1 << (files % 8);
      for (const change of [flipped, undefined]) {
        if (change) house.objects.objects.set(key, change);
        else house.objects.objects.delete(key);
        const { verdicts } = await verifyLineage(house.store, graph, [house.made['llama/2/model']]);
        const concerned = verdicts.filter(({ verdict, artifact }) => verdict === 'damaged' && artifact === digest);
        expect([name, concerned.length]).toEqual([name, within.has(digest) ? 1 : 0]);
      }
      house.objects.objects.set(key, bytes);
    }
}, 30_000);

test('verify: statements that are gone, flipped, moved, or say something else', async () => {
  const { key } = house.steps['opt/1/texts'];
  const about = stepName(key);
  const statement = makeStatement(house.steps['opt/1/texts']);
  const bytes = await sealed(statementBytes(statement), signer);
  const place = statementKey(about, sha256(bytes));
  const { objects } = house.objects;
  const told = async () => (await verify('opt/2/model')).verdicts.map(({ verdict, what }) => `${verdict}: ${what}`).join('\n');

  objects.delete(place);
  expect(await told()).toBe(`unattested: no statement says how the dataset ${house.made['opt/1/texts'].digest} was made`);
  for (let bit = 0; bit < 8 * bytes.length; bit += 5171) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3] ^= 1 << (bit & 7);
    objects.set(place, flipped);
    expect(await told()).toMatch(/^unattested: .*\nunreadable: .*do not have the hash/);
  }
  // a parameter that was changed, with the hash of what it is now
  const other = { ...house.steps['opt/1/texts'], parameters: { epochs: 9 } };
  objects.delete(place);
  await addStatement(house.store, about, makeStatement(other), signer);
  expect(await told()).toMatch(/unreadable: .*step key does not follow/);

  const moved = new Household();
  await moved.live(2);
  house = moved;
  const stepped = await sealed(statementBytes(makeStatement(moved.steps['opt/0/texts'])), signer);
  moved.objects.objects.delete(place);
  moved.objects.objects.set(statementKey(about, sha256(stepped)), stepped);
  expect(await told()).toMatch(/unattested: .*\nunreadable: .*it was moved there from elsewhere/);

  // another result of the same step; outputs are no part of its key
  moved.objects.objects.set(place, bytes);
  const { outputs } = moved.steps['opt/1/texts'];
  const forged = {
    ...moved.steps['opt/1/texts'],
    outputs: { dataset: { ...outputs.dataset, digest: moved.made['llama/1/texts'].digest } },
  };
  await addStatement(moved.store, about, makeStatement(forged), signer);
  expect(await told()).toMatch(/disagrees: the step generate .* has statements of two different results/);
  await addStatement(
    moved.store,
    about,
    makeStatement({ ...forged, outputs: { dataset: { ...outputs.dataset, kind: 'model' } } }),
    signer,
  );
  expect(await told()).toMatch(/disagrees: the statement names other files, another kind/);
});

test('a source of which only the digests were kept holds by its manifest; without a claim it is unattested', async () => {
  await house.source('large', 'a corpus', false);
  const { digest, files } = house.made.large;
  house.objects.objects.delete(blobKey(files[0].digest));
  await house.step('from-large', 'dataset', { 'records.jsonl': 'large' }, {}, { step: 'prepare', seed: 9 }, { train: 'large' });
  expect((await verify('from-large')).verdicts).toEqual([]);
  for (const key of [...house.objects.objects.keys()]) if (key.startsWith(`statements/sources/${digest.slice(7)}/`)) house.objects.objects.delete(key); // prettier-ignore
  expect((await verify('from-large')).verdicts).toMatchObject([{ verdict: 'unattested', artifact: digest }]);
});
