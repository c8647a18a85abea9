/** What a store uses, and what is found damaged in it: two experiments of three steps that prepared pictures, one of them for nobody. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from '@jest/globals';
import { blobKey } from '../../artifacts/keys.js';
import { openArtifactStore } from '../../artifacts/open.js';
import { STATEMENT_TYPE } from '../../artifacts/in-toto.js';
import { addStatement, statementKey } from '../../artifacts/statements.js';
import { stepName, writeStep } from '../../artifacts/step-record.js';
import type { ArtifactStore } from '../../artifacts/types.js';
import type { StepResult } from '../../activities/types.js';
import { checkStore } from '../../care/check.js';
import { digestsIn, takeInventory } from '../../care/inventory.js';
import { Reach } from '../../care/reach.js';
import { usageOf } from '../../care/usage.js';
import { sha256, type Digest } from '../../common/canonical.js';
import { prepare } from './support.js';
import { signer } from '../support/signer.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-care-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let made = 0;
let folder: string;
let store: ArtifactStore;
let steps: StepResult[];
const PLAN = 'a'.repeat(64);

beforeEach(async () => {
  folder = join(root, `store-${made++}`);
  store = openArtifactStore(folder);
  steps = [await prepare(root, store, 4), await prepare(root, store, 5), await prepare(root, store, 6)];
  // a run names its step, or what the step made
  await store.writeName(`experiments/one/${PLAN}/runs/replace/seed-1/run`, { steps: { prepare: { key: steps[0].key } } });
  await store.writeName(`experiments/one/${PLAN}/runs/replace/seed-2/run`, { steps: { prepare: { key: steps[0].key } } });
  await store.writeName(`experiments/two/${PLAN}/runs/replace/seed-1/run`, { made: Object.values(steps[1].outputs) });
});

const blobs = (): string[] =>
  readdirSync(join(folder, 'blobs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
const sizes = (paths: readonly string[]) => paths.reduce((sum, path) => sum + statSync(path).size, 0);
/** Everything that a step left or read: its manifests and their files, and the source as the statement names it. */
async function filesOf({ key, outputs }: StepResult): Promise<Set<string>> {
  const inventory = await takeInventory(store);
  const found = new Set(Object.values(outputs).map(({ digest }) => digest));
  for (const digest of await digestsIn(store, inventory.steps.get(key)!)) if (inventory.blobs.has(digest)) found.add(digest);
  for (const digest of [...found]) {
    const text = readFileSync(join(folder, blobKey(digest)), 'utf8');
    if (text.startsWith('{"facts"')) for (const file of JSON.parse(text).files) found.add(file.digest);
  }
  return new Set([...found].map((digest) => join(folder, blobKey(digest))));
}

test('usage is what a walk over the files finds: all of each experiment, what is its alone, and what nobody needs', async () => {
  const [one, two, loose] = await Promise.all(steps.map(filesOf));
  const usage = await usageOf(store);
  expect(usage).toMatchObject({ blobs: blobs().length, bytes: sizes(blobs()), checkpoints: 0 });
  const of = (name: string) => usage.uses.find((use) => use.name === name)!;
  expect(of('one')).toMatchObject({
    blobs: one.size,
    bytes: sizes([...one]),
    alone: sizes([...one].filter((path) => !two.has(path))),
  });
  expect(of('two').alone).toBe(sizes([...two].filter((path) => !one.has(path))));
  expect(of('two').kinds).toMatchObject({ source: 20 }); // found through the step that made what the run names
  expect(Object.values(of('two').kinds).reduce((sum, bytes) => sum + bytes, 0)).toBe(of('two').bytes);
  expect(usage.loose.bytes).toBe(sizes([...loose].filter((path) => !one.has(path) && !two.has(path))));
  expect(usage.loose.bytes).toBeGreaterThan(20);

  const runs = await usageOf(store, 'one');
  expect(runs.uses.map(({ name, bytes, alone }) => [name, bytes, alone])).toEqual([['replace/seed-1', of('one').bytes, 0], ['replace/seed-2', of('one').bytes, 0]]); // prettier-ignore
  expect((await usageOf(store, 'three')).uses).toEqual([]);
});

// a statement of each step and of each source
test('a whole store has no problem', async () => {
  const told: number[][] = [];
  const check = await checkStore(store, { progress: (...at) => void told.push(at) });
  expect(check).toEqual({ blobs: blobs().length, bytes: sizes(blobs()), steps: 3, statements: 6, problems: [] });
  expect(told.at(-1)).toEqual([check.bytes, check.bytes]);
});

test('each byte that is changed, and each file that is missing or cut, is named with the experiments that need it', async () => {
  const one = await filesOf(steps[0]);
  const two = await filesOf(steps[1]);
  for (const path of blobs()) {
    const whole = readFileSync(path);
    const needed = [...(one.has(path) ? ['one'] : []), ...(two.has(path) ? ['two'] : [])];
    const key = path.slice(folder.length + 1);
    const flipped = Buffer.from(whole);
    if (whole.length > 0) {
      flipped[whole.length >> 1] ^= 1;
      writeFileSync(path, flipped);
      const { problems } = await checkStore(store);
      expect(problems.find((problem) => problem.key === key)).toMatchObject({ what: expect.stringMatching(/^its bytes have the hash sha256:/) }); // prettier-ignore
      expect([key, ...problems.flatMap(({ experiments }) => experiments)]).toEqual(expect.arrayContaining(needed));
    }
    writeFileSync(path, whole);
  }
  const [path] = blobs();
  truncateSync(path, statSync(path).size - 1);
  expect((await checkStore(store)).problems.map(({ key }) => key)).toContain(path.slice(folder.length + 1));
}, 60_000);

test('files, manifests, statements and records that are gone or changed', async () => {
  const { key, outputs } = steps[0];
  const record = join(folder, `names/steps/${key.slice(7)}.json`);
  const [{ digest }] = Object.values(outputs);
  const [file] = (await store.manifest(digest)).files;
  const [statement] = readdirSync(join(folder, 'statements/steps', key.slice(7)));
  const says = async () => (await checkStore(store)).problems.map(({ what, experiments }) => `${what} ${experiments.join()}`);
  const without = async (path: string) => {
    const bytes = readFileSync(path);
    rmSync(path);
    const found = await says();
    writeFileSync(path, bytes);
    return found.join('\n');
  };
  expect(await without(join(folder, blobKey(file.digest)))).toMatch(new RegExp(`${file.path} is missing .*one`));
  expect(await without(join(folder, blobKey(digest)))).toMatch(new RegExp(`is missing, ${digest} one`));
  expect(await without(join(folder, 'statements/steps', key.slice(7), statement))).toMatch(/the statement .* is missing one/);
  writeFileSync(record, readFileSync(record, 'utf8').replace('"step": "prepare"', '"step": "prepared"'));
  expect((await says()).join('\n')).toMatch(/checksum does not match.* one/);
  writeFileSync(join(folder, `names/experiments/two/${PLAN}/runs/replace/seed-1/run.json`), 'no JSON');
  expect((await says()).join('\n')).toMatch(/is not JSON.* two/);
});

test('statements about anything, and documents of any name, are looked at', async () => {
  const about = `records/${steps[0].key.slice(7)}`;
  const digest = await addStatement(
    store,
    about,
    { _type: STATEMENT_TYPE, subject: [], predicateType: 'a test', predicate: {} },
    signer,
  );
  await store.writeName('pins/kept', { schema: 'a test' });
  expect(await checkStore(store)).toMatchObject({ statements: 7, problems: [] });
  writeFileSync(join(folder, statementKey(about, digest)), '{}');
  writeFileSync(join(folder, 'names/pins/kept.json'), '{');
  expect((await checkStore(store)).problems.map(({ key }) => key)).toEqual(['names/pins/kept.json', statementKey(about, digest)]);
});

test('a step whose record is gone is followed by its statement, to the source; one of which nothing is left is told', async () => {
  rmSync(join(folder, `names/${stepName(steps[1].key)}.json`));
  const over = async () => {
    const inventory = await takeInventory(store);
    const reach = await Reach.over(store, inventory);
    return { reach, two: await reach.everything(inventory.experiments.get('two')!) };
  };
  const { reach, two } = await over();
  expect(reach.unreadable).toEqual([]);
  expect([...two]).toContain(steps[1].key);
  const { artifacts } = reach;
  for (const step of steps) for (const { digest } of Object.values(step.outputs)) expect(artifacts.has(digest)).toBe(true);
  const [statement] = readdirSync(join(folder, 'statements/steps', steps[1].key.slice(7)));
  writeFileSync(join(folder, 'statements/steps', steps[1].key.slice(7), statement), '{}');
  expect((await over()).reach.unreadable).toEqual([steps[1].key]);
});

test('of several steps that made the same, those that a run names are followed, and else one', async () => {
  // another step has made what the second did, and a run may name either
  const other = sha256('another step');
  await writeStep(store, { key: other, step: 'prepare', outputs: steps[1].outputs, report: {}, statement: steps[2].key });
  await store.writeName(`experiments/three/${PLAN}/runs/replace/seed-1/run`, { steps: [{ key: other }], made: Object.values(steps[1].outputs) }); // prettier-ignore
  const inventory = await takeInventory(store);
  const reach = await Reach.over(store, inventory);
  const held = ({ outputs }: StepResult) => Object.values(outputs).map(({ digest }) => digest);
  const led = async (name: string): Promise<Digest[]> => [...(await reach.everything(inventory.experiments.get(name)!))];
  const [one, two, three] = [await led('one'), await led('two'), await led('three')];
  expect(one).toEqual(expect.arrayContaining([steps[0].key, ...held(steps[0])]));
  expect(one).not.toContain(steps[1].key);
  expect(two).toEqual(expect.arrayContaining(held(steps[1])));
  expect([steps[1].key, other].filter((key) => two.includes(key))).toHaveLength(1);
  expect([steps[1].key, other].filter((key) => three.includes(key))).toEqual([other]);
  expect(one).not.toContain(other);
});
