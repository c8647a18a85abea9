/** What a run writes of itself. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { RecordInput } from '../../activities/types.js';
import { digestOf, sha256 } from '../../common/canonical.js';
import { expand } from '../../spec/expand.js';
import { makeFixture } from '../report/fixture.js';
import type { MemberState, RunInput } from '../../workflows/contract.js';
import { RunState } from '../../workflows/run-state.js';
import { World, installSdk } from './world.js';

installSdk();
let world: World;
const { RunRecords, placeOf } = await import('../../workflows/run-records.js');

let recorded: RecordInput[];
beforeEach(() => {
  world = new World();
  recorded = [];
  world.activities = { record: async (input: RecordInput) => void recorded.push(input) };
});
afterEach(() => world.stop());

const [plan] = expand(makeFixture({ name: 'e', seeds: [1], generations: 3, conditions: ['replace'] }).plan);
const input: RunInput = { plan, digest: sha256('plan'), store: 's', engines: { 'habsburg-engine': 'an engine' } };
const place = { experiment: 'e', plan: sha256('plan'), run: 'replace/seed-1' };
const ref = (kind: string) => ({ kind, digest: digestOf(kind), size: 1 });
const prepared: MemberState['prepared'] = { train: ref('train'), valid: ref('valid'), test: ref('test') };
const write = (of: RunInput, state: RunState, work: (records: InstanceType<typeof RunRecords>) => Promise<void>) =>
  world.start(() => work(new RunRecords(of, state)), 'r', {});

test('how it stands, what it started from, and the engine that its steps are for', async () => {
  const state = new RunState(3);
  state.setMember('m', { prepared });
  await write(input, state, (records) => records.status('running'));
  state.extend(5);
  await write(input, state, (records) => records.status('failed', 'the disk is full'));
  expect(recorded.map(({ engine, store }) => [engine, store])).toEqual([['an engine', 's'], ['an engine', 's']]); // prettier-ignore
  const inputs = { train: ref('train'), valid: ref('valid'), test: ref('test') };
  expect(recorded.map(({ document }) => document)).toEqual([
    { schema: 'habsburg.run/v2', ...place, status: 'running', generations: 3, inputs },
    { schema: 'habsburg.run/v2', ...place, status: 'failed', failure: 'the disk is full', generations: 5, inputs },
  ]);
});

test('of several members what each started from is told apart', async () => {
  const state = new RunState(3);
  for (const name of ['a', 'b']) state.setMember(name, { prepared });
  await write(input, state, (records) => records.status('running'));
  expect(Object.keys((recorded[0].document as { inputs: object }).inputs).sort()).toEqual(
    ['a', 'b'].flatMap((name) => ['test', 'train', 'valid'].map((role) => `${name}/${role}`)),
  );
});

test('what a generation left, or a step of many', async () => {
  const members = { m: { model: ref('model'), steps: {} } };
  await write({ ...input, engines: undefined }, new RunState(3), async (records) => {
    await records.generation(2, members);
    await records.generation(100, members, 149);
  });
  const of = { schema: 'habsburg.generation/v1', ...place, members };
  expect(recorded).toEqual([
    { store: 's', document: { ...of, generation: 2 } },
    { store: 's', document: { ...of, generation: 100, to: 149 } },
  ]);
});

test('a run that was started by itself belongs to nobody’s results and writes nothing', async () => {
  const alone = { ...input, digest: undefined };
  expect(placeOf(alone)).toBeUndefined();
  expect(placeOf(input)).toEqual(place);
  await write(alone, new RunState(3), (records) => records.status('done'));
  expect(recorded).toEqual([]);
});
