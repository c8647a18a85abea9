/** The evaluations of some generations as one workflow: one that fails costs no other. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { RecordInput, ScoreInput } from '../../activities/types.js';
import { sha256 } from '../../common/canonical.js';
import type { EvaluateInput } from '../../workflows/contract.js';
import { makeFixture } from '../report/fixture.js';
import { standIns } from '../support/stand-ins.mjs';
import { World, installSdk } from './world.js';

installSdk();
let world: World;
const { evaluate } = await import('../../workflows/evaluate.js');

let recorded: any[];
/** what scoring a member comes to, in place of well */
let fails: Readonly<Record<string, Error>>;
/** what a score says beside its outputs */
let says: object;
beforeEach(() => {
  world = new World();
  [recorded, fails, says] = [[], {}, {}];
  const { score } = standIns();
  world.activities = {
    record: async ({ document }: RecordInput) => void recorded.push(document),
    score: async (input: ScoreInput) => {
      const failure = fails[`${input.place.member} ${input.place.generation}`];
      if (failure) throw failure;
      return { ...(await score(input)), ...says };
    },
  };
});
afterEach(() => world.stop());

const { execution } = makeFixture().plan;
const place = { experiment: 'e', plan: sha256('plan'), run: 'replace/seed-1' };
const subject = (member: string, generation: number, queue = 'habsburg-engine'): EvaluateInput['subjects'][number] => ({
  of: sha256(`${member} ${generation}`),
  queue,
  input: { place: { store: 's', seed: 1, generation, member, checkpointSeconds: 1 } } as ScoreInput,
});
const start = (subjects: EvaluateInput['subjects'], more: Partial<EvaluateInput> = {}) =>
  world.start(evaluate, 'e/replace/seed-1/evaluations/0', { place, store: 's', execution, subjects, ...more });

test('each member’s scores are a step on its queue and a document of its own', async () => {
  says = { counts: { observations: { computed: 2, reused: 1 }, evaluations: { computed: 5, reused: 0 } } };
  const result = await start([subject('a', 3), subject('b', 4, 'gpus')]);
  expect(result).toEqual({
    steps: { computed: 2, reused: 0 },
    observations: { computed: 4, reused: 2 },
    evaluations: { computed: 10, reused: 0 },
    problems: [],
  });
  expect(world.scheduled.filter(({ name }) => name === 'score').map(({ taskQueue }) => taskQueue)).toEqual([
    'habsburg-engine',
    'gpus',
  ]);
  expect(recorded).toMatchObject([
    { schema: 'habsburg.evaluation/v1', ...place, generation: 3, member: 'a', of: sha256('a 3'), scores: { kind: 'scores' } },
    { generation: 4, member: 'b', of: sha256('b 4') },
  ]);
  expect(recorded[0]).not.toHaveProperty('failure');
});

test('what was there already is counted as reused', async () => {
  says = { cached: true };
  expect((await start([subject('a', 3)])).steps).toEqual({ computed: 0, reused: 1 });
});

test('a member whose scores fail is told, in its document too, and the others are there', async () => {
  fails = { 'a 3': ApplicationFailure.nonRetryable('no memory', 'habsburg.resources') };
  const { problems, damaged } = await start([subject('a', 3), subject('b', 3)]);
  expect(problems).toEqual([{ what: 'score', generation: 3, member: 'a', kind: 'resources', message: 'no memory' }]);
  expect(damaged).toBeUndefined();
  const [a, b] = ['a', 'b'].map((name) => recorded.find(({ member }) => member === name));
  expect([a.failure, a.scores, b.failure]).toEqual(['no memory', undefined, undefined]);
});

test('of several evaluations those that could not be computed are told together, beside the scores', async () => {
  const failed = (evaluation: string) => ({ evaluation, type: 'habsburg.invalid', message: 'not defined' });
  says = { failures: [failed('mauve'), failed('zipf')] };
  const { problems, steps } = await start([subject('a', 3)]);
  expect(problems).toMatchObject(['mauve', 'zipf'].map((name) => ({ partly: true, message: `${name}: not defined` })));
  expect(steps.computed).toBe(1);
  expect(recorded[0]).toMatchObject({ failure: 'mauve: not defined; zipf: not defined', scores: { kind: 'scores' } });
});

test('a result that was found damaged is handed up', async () => {
  const details = [{ damagedInput: 'sha256:1' }];
  fails = {
    'a 3': ApplicationFailure.create({ message: 'damaged', type: 'habsburg.verification', nonRetryable: true, details }),
  };
  expect((await start([subject('a', 3)])).damaged).toBe('sha256:1');
});

test('a document that cannot be written is a problem of its own; without a place none is', async () => {
  world.activities.record = () => Promise.reject(ApplicationFailure.nonRetryable('read-only', 'habsburg.invalid'));
  expect((await start([subject('a', 3)])).problems).toMatchObject([{ what: 'record', generation: 3, message: 'read-only' }]);
  expect((await start([subject('a', 3)], { place: undefined })).problems).toEqual([]);
});

test('a cancellation is nobody’s problem: it ends the workflow', async () => {
  world.activities.score = () => world.until(() => false);
  const outcome = start([subject('a', 3)]).catch((error: unknown) => error);
  await world.until(() => world.scheduled.length > 0);
  world.cancel('e/replace/seed-1/evaluations/0');
  expect(await outcome).toBeInstanceOf(CancelledFailure);
  expect(recorded).toEqual([]);
});
