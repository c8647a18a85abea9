/** Experiments and runs as they are, in a world without a server: what fails, comes late or makes no sense costs only itself. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import type { RecordInput, ScoreInput } from '../../activities/types.js';
import { digestOf } from '../../common/canonical.js';
import type { EvaluationDocument, GenerationDocument, RunDocument } from '../../spec/documents.js';
import { expand } from '../../spec/expand.js';
import type { ExperimentPlan } from '../../spec/plan.js';
import { makeFixture } from '../report/fixture.js';
import { World, installSdk } from './world.js';

installSdk();
let world: World;
const { experiment, run } = await import('../../workflows/index.js');
const { ALL_RUNS_FAILED, experimentProgressQuery, extendUpdate, pauseUpdate, resumeUpdate, runProgressQuery } =
  await import('../../workflows/contract.js');

const signal = (name: string) => ({ name });
const ref = (kind: string, ...of: unknown[]) => ({ kind, digest: digestOf(of), size: 1 });
const none = { computed: 0, reused: 0 };
const step = (outputs: Record<string, unknown>) => ({
  key: digestOf(outputs),
  cached: false,
  outputs,
  report: {},
  failures: [],
  metrics: digestOf('metrics'),
  tables: {},
  counts: { observations: none, evaluations: none },
});

/** Everything that was recorded, in order. */
let recorded: RecordInput['document'][];
/** finished steps, by name and generation */
let done: string[];

beforeEach(() => {
  world = new World();
  recorded = [];
  done = [];
  const make =
    (name: string, outputs: (place: { seed: number; generation: number }) => Record<string, unknown>) =>
    async ({ place }: { place: { seed: number; generation: number } }) => {
      for (let i = 0; i < 3; i++) await world.tick();
      done.push(`${name} ${place.generation}`);
      return step(outputs(place));
    };
  world.activities = {
    chooseEngine: async () => 'an engine',
    recordPlan: async ({ plan }: { plan: ExperimentPlan }) => digestOf(plan.conditions),
    record: async ({ document }: RecordInput) => void recorded.push(document),
    prepare: make('prepare', () => ({
      train: ref('dataset', 'train'),
      valid: ref('dataset', 'valid'),
      test: ref('dataset', 'test'),
      tokenizer: ref('tokenizer', 'tokenizer'),
    })),
    sample: make('sample', (place) => ({ train: ref('dataset', 'sampled', place) })),
    finetune: make('finetune', (place) => ({ model: ref('model', place) })),
    generate: make('generate', (place) => ({ generated: ref('dataset', 'generated', place) })),
    score: make('score', (place) => ({ scores: ref('scores', place) })),
  };
});
afterEach(() => world.stop());

const planOf = (seeds: number[], generations: number, concurrency = 1): ExperimentPlan => {
  const { plan } = makeFixture({ name: 'e', seeds, generations, conditions: ['replace'] });
  return { ...plan, execution: { ...plan.execution, concurrency } };
};
const start = (plan: ExperimentPlan, more = {}) => world.start(experiment, 'e', { plan, store: 's', ...more });
const startRun = (generations: number) =>
  world.start(run, 'e/replace/seed-1', { plan: expand(planOf([1], generations))[0], digest: digestOf('plan'), store: 's' });
const documents = <T extends RecordInput['document']>(schema: T['schema'], of = 'replace/seed-1') =>
  recorded.filter((document): document is T => document.schema === schema && document.run === of);
const generations = (of?: string) =>
  documents<GenerationDocument>('habsburg.generation/v1', of).map(({ generation }) => generation);
const evaluations = () => documents<EvaluationDocument>('habsburg.evaluation/v1');
const statuses = () => documents<RunDocument>('habsburg.run/v2').map(({ status }) => status);

describe('more generations and a history that grows long', () => {
  test('every run reaches the last generation, also those that ended before', async () => {
    const plan = planOf([1, 2, 3], 3);
    const outcome = start(plan, { eventLimit: 20 });
    await world.until(() => world.executions.get('e/replace/seed-1')?.status === 'completed');
    await world.until(() => world.executions.get('e/replace/seed-2') !== undefined);
    await world.update('e', extendUpdate, 5);
    expect(await outcome).toMatchObject({ status: 'done', runs: 3, failed: 0, generations: 5 });
    expect(world.executions.get('e')!.inputs.length).toBeGreaterThan(1); // it was continued as new
    for (const seed of [1, 2, 3]) expect(Math.max(...generations(`replace/seed-${seed}`))).toBe(5);
  });

  test('are recorded with the plan, so that results are read up to them', async () => {
    const plans: number[] = [];
    world.activities.recordPlan = async ({ plan }: { plan: ExperimentPlan }) => {
      plans.push(plan.generations);
      return digestOf('plan');
    };
    const outcome = start(planOf([1], 2));
    await world.until(() => done.includes('finetune 1'));
    await world.update('e', extendUpdate, 4);
    await outcome;
    expect(plans).toEqual([2, 4]);
  });

  test('that are asked of a run alone while it tells of its end are done', async () => {
    const record = world.activities.record;
    let extended = false;
    world.activities.record = async (input: RecordInput) => {
      if (input.document.schema === 'habsburg.run/v2' && input.document.status === 'done' && !extended) {
        extended = true;
        await world.update('e/replace/seed-1', extendUpdate, 3);
      }
      return record(input);
    };
    expect(await startRun(1)).toMatchObject({ generations: 3 });
    expect(generations()).toEqual([0, 1, 2, 3]);
  });
});

describe('a document that cannot be written', () => {
  test('silences no later one, is told at once, and the run goes on to its end', async () => {
    const record = world.activities.record;
    world.activities.record = async (input: RecordInput) => {
      const { document } = input;
      if (document.schema === 'habsburg.generation/v1' && document.generation === 1)
        throw ApplicationFailure.create({ type: 'habsburg.invalid', message: 'permission denied', nonRetryable: true });
      return record(input);
    };
    const outcome = startRun(4);
    await world.until(() => done.includes('finetune 2'));
    expect(world.query('e/replace/seed-1', runProgressQuery)).toMatchObject({
      problems: [{ what: 'record', generation: 1, kind: 'invalid', message: 'permission denied' }],
    });
    expect(await outcome).toMatchObject({ generations: 4, problemCount: 1 });
    expect(generations()).toEqual([0, 2, 3, 4]);
    expect(evaluations().map(({ generation }) => generation)).toEqual([0, 1, 2, 3, 4]);
    expect(statuses()).toEqual(['running', 'done']);
  });
});

describe('an evaluation that fails for good', () => {
  beforeEach(() => {
    const score = world.activities.score;
    world.activities.score = async (input: ScoreInput) => {
      if (input.place.generation === 0)
        throw ApplicationFailure.create({ type: 'habsburg.failed', message: 'perplexity is NaN', nonRetryable: true });
      return score(input);
    };
  });

  test('is told at once, takes nothing along, and the chain goes on', async () => {
    const outcome = startRun(4);
    await world.until(() => done.includes('generate 1'));
    expect(done).not.toContain('finetune 3');
    expect(world.query('e/replace/seed-1', runProgressQuery).problems).toEqual([
      { what: 'score', generation: 0, member: 'opt', kind: 'failed', message: 'perplexity is NaN' },
    ]);
    const [first] = documents<GenerationDocument>('habsburg.generation/v1');
    expect(first).toMatchObject({
      generation: 0,
      members: { opt: { model: { kind: 'model' }, generated: { kind: 'dataset' } } },
    });
    expect(evaluations()[0]).toMatchObject({ generation: 0, member: 'opt', failure: 'perplexity is NaN' });
    expect(await outcome).toMatchObject({ generations: 4, problemCount: 1 });
    expect(generations()).toEqual([0, 1, 2, 3, 4]);
    expect(evaluations().filter(({ scores }) => scores)).toHaveLength(4);
    expect(statuses().at(-1)).toBe('done');
  });

  test('leaves the experiment partly failed, with the reason', async () => {
    expect(await start(planOf([1, 2], 1))).toMatchObject({
      status: 'partly failed',
      failed: 0,
      incomplete: 2,
      problems: [
        { run: 'replace/seed-1', what: 'score', generation: 0, message: 'perplexity is NaN' },
        { run: 'replace/seed-2' },
      ],
    });
    expect(world.executions.get('e')!.attributes.get('HabsburgPhase')).toBe('partly failed');
  });
});

describe('evaluations that take longer than generations', () => {
  const evaluating = () => [...world.executions.keys()].filter((id) => id.includes('/evaluations/'));

  test('are done together as soon as those before are, each with a document of its own', async () => {
    const score = world.activities.score;
    world.activities.score = async (input: ScoreInput) => {
      if (input.place.generation === 0) await world.until(() => done.includes('generate 4'));
      return score(input);
    };
    expect(await startRun(4)).toMatchObject({ generations: 4, problemCount: 0 });
    expect(evaluating()).toEqual(['e/replace/seed-1/evaluations/0', 'e/replace/seed-1/evaluations/1']);
    expect(evaluations().map(({ generation }) => generation)).toEqual([0, 1, 2, 3, 4]);
  });

  test('of generations that are remembered, all together, once something has to be computed or nothing is left to do', async () => {
    const remembered = (last: number) => {
      for (const name of ['sample', 'finetune', 'generate']) {
        const activity = world.activities[name];
        world.activities[name] = async (input: { place: { generation: number } }) => ({
          ...(await activity(input)),
          cached: input.place.generation <= last,
        });
      }
    };
    remembered(2);
    await startRun(4);
    expect(evaluating()).toEqual([0, 3, 4].map((t) => `e/replace/seed-1/evaluations/${t}`));
    expect(evaluations().map(({ generation }) => generation)).toEqual([0, 1, 2, 3, 4]);
    remembered(9);
    world.executions.clear();
    await startRun(4);
    expect(evaluating()).toEqual(['e/replace/seed-1/evaluations/0']);
    expect(evaluations().map(({ generation }) => generation)).toEqual([0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
  });

  test('of which the workflow is ended are told one by one, and later ones are done', async () => {
    const score = world.activities.score;
    world.activities.score = async (input: ScoreInput) => {
      if (input.place.generation === 0) await world.until(() => done.includes('generate 2'));
      return score(input);
    };
    world.beforeStart = async (id) => {
      if (!id.endsWith('/evaluations/1')) return;
      await world.until(() => done.includes('generate 3'));
      throw new Error('terminated');
    };
    const { problems } = await startRun(4);
    expect(problems).toMatchObject([1, 2].map((generation) => ({ what: 'score', generation, message: 'terminated' })));
    expect(evaluations().map(({ generation }) => generation)).toEqual([0, 3, 4]);
    expect(statuses().at(-1)).toBe('done');
  });
});

describe('one of several evaluations that cannot be computed', () => {
  test('costs no other: the scores of the rest are kept, and the reason is told', async () => {
    const score = world.activities.score;
    world.activities.score = async (input: ScoreInput) => ({
      ...(await score(input)),
      failures: [{ evaluation: 'mauve', type: 'habsburg.resources', message: 'too few records' }],
    });
    expect(await startRun(1)).toMatchObject({
      generations: 1,
      problems: [
        { what: 'score', generation: 0, member: 'opt', partly: true, kind: 'resources', message: 'mauve: too few records' },
        { generation: 1 },
      ],
    });
    expect(evaluations()).toMatchObject([
      { generation: 0, scores: { kind: 'scores' }, failure: 'mauve: too few records' },
      { generation: 1, scores: { kind: 'scores' }, failure: 'mauve: too few records' },
    ]);
    expect(statuses().at(-1)).toBe('done');
  });
});

describe('a chain that fails', () => {
  test('says so, and leaves the scores of what it did', async () => {
    const finetune = world.activities.finetune;
    world.activities.finetune = async (input: { place: { generation: number } }) => {
      if (input.place.generation === 2)
        throw ApplicationFailure.create({ type: 'habsburg.resources', message: 'the disk is full', nonRetryable: true });
      return finetune(input);
    };
    const failure = await start(planOf([1, 2], 3, 2)).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      name: 'ApplicationFailure',
      type: ALL_RUNS_FAILED,
      message: 'all 2 runs failed, the first of them, replace/seed-1: the disk is full',
      details: [
        { status: 'failed', failed: 2, failures: [{ kind: 'resources', message: 'the disk is full' }, { kind: 'resources' }] },
      ],
    });
    expect(world.executions.get('e')!.attributes.get('HabsburgPhase')).toBe('failed');
    expect(documents<RunDocument>('habsburg.run/v2').at(-1)).toMatchObject({ status: 'failed', failure: 'the disk is full' });
    expect(evaluations().map(({ generation }) => generation)).toEqual([0, 1]);
  });

  test('that is cancelled is recorded as cancelled', async () => {
    const outcome = start(planOf([1], 50)).catch((error: unknown) => error);
    await world.until(() => done.includes('finetune 1'));
    world.cancel('e');
    expect(String(await outcome)).toContain('cancelled');
    expect(statuses().at(-1)).toBe('canceled');
  });
});

describe('a pause', () => {
  test('that falls into the moment before a run exists is not lost', async () => {
    let exists = () => undefined as void;
    world.beforeStart = async (id) => {
      if (id === 'e/replace/seed-1') await new Promise<void>((resolve) => (exists = resolve));
    };
    const outcome = start(planOf([1], 3));
    await world.until(() => world.executions.get('e')!.handlers.has('pause'));
    for (let i = 0; i < 20; i++) await world.tick();
    await world.update('e', pauseUpdate);
    exists();
    await world.until(() => world.executions.has('e/replace/seed-1'));
    for (let i = 0; i < 100; i++) await world.tick();
    expect(done.filter((name) => name.startsWith('finetune'))).toEqual([]);
    await world.update('e', resumeUpdate);
    expect(await outcome).toMatchObject({ status: 'done' });
  });

  test('holds running runs and the next ones, and its end frees both', async () => {
    const outcome = start(planOf([1, 2], 2));
    await world.until(() => done.includes('finetune 0'));
    await world.update('e', pauseUpdate);
    await expect(world.update('e', pauseUpdate)).rejects.toThrow('paused already');
    for (let i = 0; i < 100; i++) await world.tick();
    const held = done.length;
    for (let i = 0; i < 100; i++) await world.tick();
    expect(done.length).toBe(held);
    await world.update('e', resumeUpdate);
    expect(await outcome).toMatchObject({ status: 'done' });
  });
});

describe('what makes no sense', () => {
  test('as a signal is ignored with a line in the log, and the run ends as it would have', async () => {
    const outcome = startRun(2);
    await world.until(() => done.includes('prepare 0'));
    const rubbish = [['x'], [null], [], [2.5], [{}], [[7]], [-1], [1e9], [NaN], ['7'], ['__proto__']];
    for (const args of rubbish) await world.signal('e/replace/seed-1', signal('setGenerations'), ...args);
    for (const args of [['no'], [], [0], [{}]]) await world.signal('e/replace/seed-1', signal('setPaused'), ...args);
    expect(world.logged.filter(({ message }) => message === 'a signal that makes no sense is ignored')).toHaveLength(
      rubbish.length + 4,
    );
    expect(await outcome).toMatchObject({ generations: 2, problemCount: 0 });
    expect(generations()).toEqual([0, 1, 2]);
  });

  test('as an update is refused', async () => {
    const outcome = start(planOf([1], 2));
    await world.until(() => done.includes('prepare 0'));
    for (const value of ['3', 1e9, -1, 2, 0.5, null, {}, [5], NaN, Infinity, '__proto__'])
      await expect(world.update('e', extendUpdate, value)).rejects.toThrow('give a whole number above 2, at most 1000000');
    expect(world.query('e', experimentProgressQuery)).toMatchObject({ generations: 2 });
    await outcome;
  });
});

describe('a result that was believed, and is damaged when it is read', () => {
  const damaged = () =>
    ApplicationFailure.create({
      type: 'habsburg.verification',
      message: 'weights of model are damaged',
      details: [{ damagedInput: digestOf('weights') }],
    });
  /** the places with which an activity was called */
  const placesOf = (name: string, fails: (calls: number) => boolean) => {
    const works = world.activities[name];
    const places: { generation: number; deep?: boolean }[] = [];
    world.activities[name] = async (input: { place: { generation: number; deep?: boolean } }) => {
      places.push(input.place);
      if (fails(places.length)) throw damaged();
      return works(input);
    };
    return places;
  };

  test('sends the run over everything once more, every file hashed, and the result is that of an undisturbed one', async () => {
    const places = placesOf('generate', (calls) => calls === 2);
    expect(await startRun(2)).toMatchObject({ generations: 2, problems: [] });
    expect(places.map(({ generation, deep }) => [generation, deep ?? false])).toEqual([
      [0, false],
      [1, false],
      [0, true],
      [1, true],
      [2, true],
    ]);
    expect(statuses().at(-1)).toBe('done');
  });

  test('while it is scored: the same', async () => {
    const places = placesOf('score', (calls) => calls === 1);
    expect(await startRun(1)).toMatchObject({ generations: 1, problems: [] });
    expect(places.filter(({ deep }) => deep)).toHaveLength(2);
  });

  test('again and again: fails with the reason, and not for ever', async () => {
    const places = placesOf('generate', () => true);
    await expect(startRun(1)).rejects.toThrow();
    expect(places).toHaveLength(3);
    expect(statuses().at(-1)).toBe('failed');
  });
});

test('an experiment asks once which engine its steps are for, and every step of every run says so', async () => {
  const engines: (string | undefined)[] = [];
  let asked = 0;
  world.activities.chooseEngine = async () => `engine ${++asked}`;
  const works = world.activities.finetune;
  world.activities.finetune = async (input: { place: { engine?: string } }) => {
    engines.push(input.place.engine);
    return works(input);
  };
  await start(planOf([1, 2], 2), { eventLimit: 20 });
  expect(engines.length).toBeGreaterThanOrEqual(6);
  expect(new Set(engines)).toEqual(new Set(['engine 1']));
});
