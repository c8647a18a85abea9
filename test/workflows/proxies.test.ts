/** Where each activity is scheduled, and what Temporal's UI shows beside it. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { StepPlace } from '../../activities/types.js';
import { sha256 } from '../../common/canonical.js';
import type { StepCall } from '../../workflows/generation.js';
import { makeFixture } from '../report/fixture.js';
import { World, installSdk } from './world.js';

installSdk();
let world: World;
const { enginesOf, perform, recordsOn, stepsOn } = await import('../../workflows/proxies.js');

beforeEach(() => void (world = new World()));
afterEach(() => world.stop());

const QUEUES = { cpu: 'light', engine: 'heavy' };
const place: StepPlace = { store: '/a/secret/path', seed: 1, generation: 3, member: 'student', checkpointSeconds: 9 };
/** Does something in a workflow, with activities that give back what they are given. */
const inWorkflow = <T>(work: () => Promise<T>): Promise<T> => {
  world.activities = new Proxy({}, { get: () => async (input: unknown) => input });
  return world.start(work, 'w', {});
};

test('heavy steps go to the engine’s queue, light ones do not wait behind them; each says who is at what', async () => {
  await inWorkflow(async () => {
    const steps = stepsOn(QUEUES, 10);
    for (const name of [
      'prepare',
      'view',
      'sample',
      'postprocess',
      'postprocessObserving',
      'finetune',
      'generate',
      'score',
    ] as const)
      expect(await steps[name]({ place } as never)).toEqual({ place });
    await steps.simulate({ place: { ...place, member: 'a+b' }, to: 249, seeds: [1, 2, 3] } as never);
    await steps.simulate({ place, to: 4, seeds: [7] } as never);
  });
  const of = (name: string, taskQueue: string, summary: string) => ({ name, taskQueue, summary });
  expect(world.scheduled).toEqual([
    of('prepare', 'light', 'prepare · real data'),
    of('view', 'light', 'view · student · generation 3'),
    of('sample', 'light', 'sample · student · generation 3'),
    of('postprocess', 'light', 'postprocess · student · generation 3'),
    of('postprocess', 'heavy', 'postprocess · student · generation 3'),
    of('finetune', 'heavy', 'finetune · student · generation 3'),
    of('generate', 'heavy', 'generate · student · generation 3'),
    of('score', 'heavy', 'score · student · generation 3'),
    of('simulate', 'heavy', 'simulate · a+b · generations 3 to 249 · 3 seeds'),
    of('simulate', 'heavy', 'simulate · student · generations 3 to 4 · seed 7'),
  ]);
});

test('documents say which they are, and nothing of where they lie', async () => {
  const { plan } = makeFixture();
  const at = { experiment: 'e', plan: sha256('plan'), run: 'replace/seed-1' };
  const store = '/a/secret/path';
  await inWorkflow(async () => {
    const records = recordsOn('light');
    await records.recordPlan({ store, plan });
    await records.recordMetrics({ store, plan });
    await records.left({ store, run: { id: 'replace/seed-1' }, from: 16 } as never);
    for (const document of [
      { schema: 'habsburg.run/v2', ...at, status: 'failed', generations: 3 },
      { schema: 'habsburg.generation/v1', ...at, generation: 2, members: {} },
      { schema: 'habsburg.evaluation/v1', ...at, generation: 2, member: 'opt', of: sha256('w') },
    ] as const)
      await records.record({ store, document });
  });
  expect(world.scheduled.map(({ summary }) => summary)).toEqual([
    'record · plan · to generation 8',
    'record · metrics',
    'what is left · replace/seed-1 · from generation 16',
    'record · run · failed',
    'record · what was left · generation 2',
    'record · scores · opt · generation 2',
  ]);
  expect(new Set(world.scheduled.map(({ taskQueue }) => taskQueue))).toEqual(new Set(['light']));
});

test('engines are asked beside the queue that their steps wait in, each placement once', async () => {
  const { plan } = makeFixture({ conditions: ['replace'] });
  const members = plan.conditions[0].members.flatMap((member) => [
    member,
    { ...member, name: 'second', execution: { queue: 'gpus', device: 'cuda' as const } },
  ]);
  const two = { ...plan, conditions: [{ ...plan.conditions[0], members }] };
  world.activities = { chooseEngine: async (_: unknown, queue: string) => `behind ${queue}` };
  expect(await world.start(() => enginesOf(two, { store: 's' }), 'w', {})).toEqual({
    'habsburg-engine': 'behind habsburg-engine-engines',
    'gpus cuda': 'behind gpus-engines',
  });
  expect(world.scheduled.map(({ summary }) => summary)).toEqual([
    'choose the engine · habsburg-engine',
    'choose the engine · gpus',
  ]);
});

test('a generation’s steps are done one after the other, those with observations where models are', async () => {
  function* asked(): Generator<StepCall, unknown[], any> {
    const results: unknown[] = [];
    for (const step of ['view', 'sample', 'finetune', 'generate'] as const)
      results.push(yield { step, input: { place, step } } as unknown as StepCall);
    const operator = (needs = {}) => ({ place, operators: [{ name: 'dedupe', settings: {}, needs }] });
    results.push(yield { step: 'postprocess', input: operator() } as unknown as StepCall);
    results.push(yield { step: 'postprocess', input: operator({ observations: [{}] }) } as unknown as StepCall);
    return results;
  }
  const names: string[] = [];
  const results = await inWorkflow(() =>
    perform(asked(), stepsOn(QUEUES, 10), async (name, call) => {
      names.push(name);
      return call();
    }),
  );
  expect(names).toEqual(['view', 'sample', 'finetune', 'generate', 'postprocess', 'postprocess']);
  expect(results).toMatchObject([{ step: 'view' }, { step: 'sample' }, { step: 'finetune' }, { step: 'generate' }, {}, {}]);
  expect(world.scheduled.map(({ name, taskQueue }) => `${name} ${taskQueue}`)).toEqual([
    'view light',
    'sample light',
    'finetune heavy',
    'generate heavy',
    'postprocess light',
    'postprocess heavy',
  ]);
});
