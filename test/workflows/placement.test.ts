/** Members on task queues and devices of their own: each step goes where its member is, and is for the engine that lives there. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { StepPlace } from '../../activities/types.js';
import { digestOf } from '../../common/canonical.js';
import type { EngineId } from '../../engines/registry.js';
import { planDigest } from '../../spec/digest.js';
import type { ExperimentPlan } from '../../spec/plan.js';
import { engineOf, placementsOf } from '../../spec/placement.js';
import { makeFixture } from '../report/fixture.js';
import { World, installSdk } from './world.js';

installSdk();
let world: World;
const { experiment } = await import('../../workflows/index.js');

beforeEach(() => void (world = new World()));
afterEach(() => world.stop());

const ref = (kind: string, ...of: unknown[]) => ({ kind, digest: digestOf(of), size: 1 });
const none = { computed: 0, reused: 0 };

/** Two members, of which the second may be placed elsewhere. */
function planOf(execution?: { queue?: string; device?: 'cuda' }): ExperimentPlan {
  const { plan } = makeFixture({ name: 'e', seeds: [1], generations: 1, conditions: ['replace'] });
  const members = plan.conditions[0].members.flatMap((member) => [
    member,
    { ...member, name: 'second', ...(execution && { execution }) },
  ]);
  return { ...plan, population: members, conditions: [{ ...plan.conditions[0], members }] };
}

test('steps go to their member’s queue, for the engine that was chosen there', async () => {
  const seen = new Set<string>();
  const asked: unknown[] = [];
  const step =
    (name: string, outputs: (place: StepPlace) => object) =>
    async ({ place }: { place: StepPlace }, queue: string) => {
      seen.add([name, place.member, queue, place.device, place.engine].join(' '));
      return {
        key: digestOf([name, place]),
        cached: false,
        outputs: outputs(place),
        report: {},
        failures: [],
        metrics: digestOf([]),
        tables: {},
        counts: { observations: none, evaluations: none },
      };
    };
  world.activities = {
    chooseEngine: async ({ device, queue }, taskQueue) => {
      asked.push({ device, queue, taskQueue });
      return `engine of ${taskQueue}`;
    },
    recordPlan: async ({ plan }) => planDigest(plan),
    record: async () => undefined,
    prepare: step('prepare', () => ({ train: ref('dataset', 1), valid: ref('dataset', 2), test: ref('dataset', 3), tokenizer: ref('tokenizer', 1) })), // prettier-ignore
    sample: step('sample', (place) => ({ train: ref('dataset', place) })),
    finetune: step('finetune', (place) => ({ model: ref('model', place) })),
    generate: step('generate', (place) => ({ generated: ref('dataset', place, 'g') })),
    score: step('score', (place) => ({ scores: ref('scores', place) })),
  };
  expect(await world.start(experiment, 'e', { plan: planOf({ queue: 'my-gpus', device: 'cuda' }), store: 's' })).toMatchObject({
    status: 'done',
  });
  expect(asked).toEqual([
    { taskQueue: 'habsburg-engine-engines' },
    { taskQueue: 'my-gpus-engines', queue: 'my-gpus', device: 'cuda' },
  ]);
  const at = (names: string[], ...rest: string[]) => names.map((name) => [name, ...rest].join(' '));
  expect([...seen].sort()).toEqual(
    [
      'prepare  habsburg-cpu  engine of habsburg-engine-engines',
      'sample opt habsburg-cpu  engine of habsburg-engine-engines',
      'sample second habsburg-cpu cuda engine of my-gpus-engines',
      ...at(['finetune', 'generate', 'score'], 'opt', 'habsburg-engine', '', 'engine of habsburg-engine-engines'),
      ...at(['finetune', 'generate', 'score'], 'second', 'my-gpus', 'cuda', 'engine of my-gpus-engines'),
    ].sort(),
  );
});

test('an engine has task queues of its own, and is part of the plan’s identity where it is not the default', () => {
  const plan = planOf({ queue: 'my-gpus' });
  const on = (engine?: EngineId) => ({ ...plan, execution: { ...plan.execution, engine } });
  const queues = (engine?: EngineId) => placementsOf(on(engine)).map(({ queue }) => queue);
  expect(queues('reference')).toEqual(['habsburg-engine/reference', 'my-gpus/reference']);
  expect(queues('onnx-node')).toEqual(['habsburg-engine', 'my-gpus']);
  expect(queues('reference').map(engineOf)).toEqual(['reference', 'reference']);
  expect(['habsburg-cpu', 'a/onnx-node', 'a/b', 'a/b/reference'].map(engineOf)).toEqual([
    'onnx-node',
    undefined,
    undefined,
    'reference',
  ]);
  expect(planDigest(on('onnx-node'))).toBe(planDigest(plan));
  expect(planDigest(on('reference'))).not.toBe(planDigest(plan));
});

test('a member’s queue is no part of the plan’s identity, its device is', () => {
  const digest = planDigest(planOf());
  expect(planDigest(planOf({ queue: 'elsewhere' }))).toBe(digest);
  expect(planDigest(planOf({ device: 'cuda' }))).not.toBe(digest);
  expect(planDigest(planOf({ device: 'cuda', queue: 'a' }))).toBe(planDigest(planOf({ device: 'cuda', queue: 'b' })));
  expect(placementsOf(planOf({ device: 'cuda' }))).toEqual([
    { queue: 'habsburg-engine' },
    { queue: 'habsburg-engine', device: 'cuda' },
  ]);
});
