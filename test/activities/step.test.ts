/** What all steps have in common: key, memo, checks, checkpoints, heartbeats, and what is left when one fails or is cancelled. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from '@jest/globals';
import type { ApplicationFailure } from '@temporalio/activity';
import { runStep, type StepContext, type StepDefinition, type StepOutcome } from '../../activities/step.js';
import type { StepPlace, StepResult } from '../../activities/types.js';
import { blobKey, hexOf } from '../../artifacts/keys.js';
import { findStep, stepKey } from '../../artifacts/step-record.js';
import { allStatements, readStatement } from '../../artifacts/statements.js';
import { digestOf } from '../../common/canonical.js';
import { HabsburgError } from '../../common/errors.js';
import { lapsedKey, writersOf } from '../../artifacts/writers.js';
import { EngineDied, type JobHooks, type RunJob } from '../../engines/run-job.js';
import type { Job } from '../../kinds/host/types.js';
import { Workplace } from '../support/workplace.js';
import type { Watching } from '../support/activity.js';

/** what the engine does in this test */
let engine: RunJob;
let computed: number;
const at = new Workplace((job, hooks) => engine(job, hooks));
afterAll(() => at.remove());

let seed = 0;
let place: StepPlace;
beforeEach(() => {
  computed = 0;
  // each test has steps of its own
  place = at.place({ seed: seed++ });
});

const definition = (more: Partial<StepDefinition> = {}): StepDefinition => ({
  step: 'think',
  version: 3,
  place,
  inputs: {},
  parameters: { depth: 1 },
  engine: false,
  ...more,
});
/** Leaves a scores artifact that says `content`. */
const leave = (content = '{}') => {
  return async (step: StepContext): Promise<StepOutcome> => {
    computed++;
    const folder = await step.folder('scores');
    writeFileSync(join(folder, 'scores.json'), content);
    return { outputs: { scores: { kind: 'scores', folder } }, report: { values: 1 } };
  };
};
const run = (
  more: Partial<StepDefinition> = {},
  compute: (step: StepContext) => Promise<StepOutcome> = leave(),
  attempt = 1,
  watching: Watching = {},
): Promise<StepResult> => at.do((deps) => () => runStep(deps, definition(more), compute), undefined, attempt, watching);
const failed = (...args: Parameters<typeof run>) =>
  run(...args).then(
    () => Promise.reject(new Error('it did not fail')),
    (error: unknown) => error as ApplicationFailure,
  );
const scratchIsEmpty = () => expect(readdirSync(at.deps.scratch)).toEqual([]);
const names = (prefix: string) => readdirSync(join(at.storePath, 'names', prefix));

/** An engine's job, and what it leaves where it is done. */
const job = (out: string): Job => ({ op: 'fit', out }) as unknown as Job;
const fitted = async (step: StepContext): Promise<StepOutcome> => {
  computed++;
  const out = await step.folder('model');
  const report = await step.run(job(out), { checkpoints: true });
  return { outputs: { model: { kind: 'model', folder: out } }, report };
};
const writeModel = (out: string) => {
  writeFileSync(join(out, 'config.json'), '{}');
  writeFileSync(join(out, 'weights.bin'), 'w');
};

test('the key is the hash of what determines the step, of where it computes nothing but the engine', async () => {
  const input = await at.model('input');
  const { key } = await run({ inputs: { of: input } });
  const { seed, generation, member } = place;
  const given = { step: 'think', version: 3, parameters: { depth: 1 }, inputs: { of: input.digest }, seed, generation, member };
  expect(key).toBe(stepKey({ ...given, engineFingerprint: 'none' }));
  // neither the way to it nor the place where it lies determines what comes out
  const elsewhere = { ...place, checkpointSeconds: 1, device: 'webgpu' as const, deep: true };
  expect(await run({ inputs: { of: input }, place: elsewhere })).toMatchObject({ key, cached: true });
  expect(computed).toBe(1);
  // where an engine computes, it does
  expect((await run({ inputs: { of: input }, engine: true })).key).toBe(
    stepKey({ ...given, engineFingerprint: 'an engine on cpu' }),
  );
  expect((await run({ inputs: { of: input }, engine: true, place: elsewhere })).key).toBe(
    stepKey({ ...given, engineFingerprint: 'an engine on webgpu' }),
  );
});

test('parameters that have to be looked up are looked up before the memo is asked', async () => {
  const { key } = await run();
  expect(await run({ parameters: async () => ({ depth: 1 }) })).toMatchObject({ key, cached: true });
  expect((await run({ parameters: async () => ({ depth: 2 }) })).key).not.toBe(key);
});

test('a finished step is not computed again, and gives what it gave', async () => {
  const first = await run({}, leave('{"a":1}'));
  expect(first).toMatchObject({ cached: false, report: { values: 1 } });
  expect(await at.json(first.outputs.scores, 'scores.json')).toEqual({ a: 1 });
  expect(await run({}, leave('{"a":2}'))).toEqual({ ...first, cached: true });
  expect(computed).toBe(1);
  expect(await at.stated(first)).toMatchObject({
    step: 'think',
    stepVersion: 3,
    parameters: { depth: 1 },
    seed: place.seed,
    engineFingerprint: 'none',
    invocation: { id: 'default/undefined/undefined/1/1' },
  });
  scratchIsEmpty();
  expect(names('leases')).toEqual([]);
  expect(await writersOf(at.store.objects)).toEqual([]);
});

test('a step says while it computes what it relies on; one that a collector took for dead leaves no record and begins again', async () => {
  const input = await at.model('relied-on');
  const lapsing = async (step: StepContext): Promise<StepOutcome> => {
    const [writer, ...others] = await writersOf(at.store.objects);
    expect(others).toEqual([]);
    expect(writer.state).toContain(input.digest);
    expect(writer.state).toContain(step.key);
    await at.store.objects.put(lapsedKey(writer.id), { bytes: Buffer.from('') });
    return leave()(step);
  };
  const error = await failed({ inputs: { of: input } }, lapsing);
  expect(error).toMatchObject({
    type: 'habsburg.unreachable',
    nonRetryable: false,
    message: expect.stringContaining('store gc'),
  });
  expect((await run({ inputs: { of: input } })).cached).toBe(false);
  expect(await writersOf(at.store.objects)).toEqual([]);
});

test('a step that has no room does not begin, and one that was finished before is found', async () => {
  const first = await run();
  process.env.HABSBURG_MIN_FREE = '1000000TB';
  try {
    expect(await run()).toEqual({ ...first, cached: true });
    expect(await failed({ parameters: { depth: 2 } })).toMatchObject({ type: 'habsburg.resources', nonRetryable: false });
  } finally {
    delete process.env.HABSBURG_MIN_FREE;
  }
  expect(computed).toBe(1);
  scratchIsEmpty();
});

test('a result that is damaged is computed again, and what lies damaged in the store is put right', async () => {
  const first = await run({}, leave('{"damaged":"soon"}'));
  const [{ digest, size }] = (await at.store.manifest(first.outputs.scores.digest)).files;
  writeFileSync(join(at.storePath, blobKey(digest)), 'x'.repeat(size));
  const warned: string[] = [];
  const again = await run({}, leave('{"damaged":"soon"}'), 1, { warn: (message) => warned.push(message) });
  expect(again).toEqual(first);
  expect([...new Set(warned)]).toEqual(['a finished step is damaged and is computed again']);
  expect(await at.json(again.outputs.scores, 'scores.json')).toEqual({ damaged: 'soon' });
  expect(await at.store.verify(first.outputs.scores.digest)).toMatchObject({ ok: true });
});

test('a file too large to be hashed each time is hashed, and put right, where the step is to look deep', async () => {
  // above 16 MiB a size is believed
  const large = `"${'a'.repeat(17 * 1024 * 1024)}"`;
  const first = await run({}, leave(large));
  const [{ digest, size }] = (await at.store.manifest(first.outputs.scores.digest)).files;
  writeFileSync(join(at.storePath, blobKey(digest)), 'x'.repeat(size));
  expect(await run({}, leave(large))).toMatchObject({ cached: true });
  expect(await run({ place: { ...place, deep: true } }, leave(large))).toEqual(first);
  expect(await at.store.verify(first.outputs.scores.digest)).toMatchObject({ ok: true });
});

test('nothing of an output that is not whole is kept, and the step is not done', async () => {
  const broken = await failed({}, leave('{"a":'));
  expect(broken.type).toBe('habsburg.failed');
  expect(broken.message).toMatch(/think left a damaged scores.json/);
  expect(await findStep(at.store, stepKey({ ...definition(), ...place, inputs: {}, engineFingerprint: 'none' }))).toEqual({});
  scratchIsEmpty();
  expect(names('leases')).toEqual([]);
  expect(await run()).toMatchObject({ cached: false });
});

test('an output may be an artifact that there is', async () => {
  const model = await at.model('there already');
  const { outputs } = await run({}, async () => ({ outputs: { model }, report: {} }));
  expect(outputs).toEqual({ model });
});

test('what goes wrong is told as what it was doing, and is final after the attempts of its kind', async () => {
  const bug = async () => Promise.reject(new Error('a bug'));
  expect(await failed({}, bug)).toMatchObject({ nonRetryable: false, message: 'think of generation 2: a bug' });
  expect(await failed({}, bug, 2)).toMatchObject({ nonRetryable: true, type: 'habsburg.failed' });
});

test('inputs come to a folder of the step, once, and are as they were published', async () => {
  const input = await at.model('an input');
  await run({ inputs: { input } }, async (step) => {
    const folder = await step.input(input);
    expect(await step.input({ ...input })).toBe(folder);
    expect(readdirSync(folder).sort()).toEqual(['config.json', 'weights.bin']);
    expect(folder.startsWith(at.deps.scratch)).toBe(true);
    return leave()(step);
  });
});

test('the engine is told what the step is for, and its checkpoints outlive an attempt that dies', async () => {
  const seen: { resume?: string; kept?: string[]; hooks: JobHooks }[] = [];
  engine = async (asked, hooks) => {
    const resume = 'resume' in asked ? asked.resume : undefined;
    seen.push({ resume, kept: resume === undefined ? undefined : readdirSync(resume), hooks });
    if (seen.length === 1) {
      const folder = join(hooks.scratch, 'checkpoint');
      mkdirSync(folder);
      writeFileSync(join(folder, 'step-5'), 'half of it');
      await hooks.checkpoint(folder);
      throw new EngineDied('killed');
    }
    writeModel((asked as { out: string }).out);
    return { steps: 10 };
  };
  const engineStep = { engine: true, place: { ...place, device: 'webgpu' as const, checkpointSeconds: 9 } };
  expect(await failed(engineStep, fitted)).toMatchObject({ nonRetryable: false });
  const { key, cached, report } = await run(engineStep, fitted, 2);
  expect({ cached, report }).toEqual({ cached: false, report: { steps: 10 } });
  expect(seen.map(({ kept }) => kept)).toEqual([undefined, ['step-5']]);
  expect(seen[1].hooks).toMatchObject({ device: 'webgpu', engine: 'an engine on webgpu', checkpointSeconds: 9 });
  // done: nothing is to be resumed any more
  expect(readdirSync(join(at.storePath, 'checkpoints', hexOf(key)))).toEqual([]);
});

test('a job that has no checkpoints is not given those of another', async () => {
  engine = async (asked) => {
    expect(asked).not.toHaveProperty('resume');
    writeModel((asked as { out: string }).out);
    return {};
  };
  await run({ engine: true }, async (step) => {
    const out = await step.folder('model');
    return { outputs: { model: { kind: 'model', folder: out } }, report: await step.run(job(out)) };
  });
});

test("heartbeats say who is at what, with the engine's word on how far it is", async () => {
  const beats: unknown[] = [];
  const progress = { phase: 'train', done: 3, total: 10, unit: 'step' } as const;
  engine = async (asked, hooks) => {
    hooks.alive();
    hooks.progress(progress);
    hooks.alive();
    writeModel((asked as { out: string }).out);
    return {};
  };
  await run({ engine: true }, fitted, 1, { heartbeat: (details) => beats.push(details) });
  const who = { step: 'think', member: 'm', generation: 2 };
  expect(beats).toEqual([who, { ...who, progress }, { ...who, progress }]);
});

test('a cancelled step is cancelled, whatever it comes to, and leaves nothing', async () => {
  const control = new AbortController();
  const reason = new Error('cancelled by the operator');
  const work = async (step: StepContext) => {
    control.abort(reason);
    return leave()(step);
  };
  await expect(run({}, work, 1, { signal: control.signal })).rejects.toBe(reason);
  scratchIsEmpty();
  expect(names('leases')).toEqual([]);
  expect(await run()).toMatchObject({ cached: false });
});

test('what holds a lease is waited for, and its result is taken', async () => {
  let finish = () => undefined as void;
  const first = run({}, async (step) => {
    await new Promise<void>((resolve) => (finish = resolve));
    return leave('{"first":1}')(step);
  });
  while (names('leases').length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  // of another activity: one of the same would be an earlier attempt's
  const second = at.do((deps) => () => runStep(deps, definition(), leave('{"second":2}')), undefined, 1, { activityId: '2' });
  await new Promise((resolve) => setTimeout(resolve, 50));
  finish();
  expect(await second).toEqual({ ...(await first), cached: true });
  expect(computed).toBe(1);
});

test('a step that is for another engine is handed back before anything is looked at', async () => {
  const other = { ...place, engine: 'quite another' };
  expect(await failed({ engine: true, place: other })).toMatchObject({ type: 'OtherEngine', nonRetryable: false });
  expect(computed).toBe(0);
  // what no engine computes goes anywhere
  expect(await run({ place: other })).toMatchObject({ cached: false });
});

test('an attempt that fails is stated under its step, by kind and without its message; one that is cancelled is not', async () => {
  const { key } = await run({ parameters: { depth: 9 } });
  const parameters = { depth: 10 };
  await failed({ parameters }, () => Promise.reject(new HabsburgError('invalid', `no such place as ${at.root}`)));
  const stated: Record<string, any>[] = [];
  for await (const { about, digest } of allStatements(at.store))
    if (about.startsWith('attempts/')) stated.push((await readStatement(at.store, about, digest)).value as Record<string, any>);
  const own = stated.filter(({ predicate }) => predicate.report.seed === String(place.seed));
  expect(own).toHaveLength(1);
  const [{ predicateType, predicate, subject }] = own;
  expect(predicateType).toMatch(/\/attempt$/);
  expect(predicate.report).toMatchObject({ step: 'think', stepVersion: 3, failure: 'invalid', generation: place.generation });
  expect(predicate.report.key).not.toBe(key);
  expect(`sha256:${subject[0].digest.sha256}`).toBe(digestOf(predicate.report));
  expect(JSON.stringify(own)).not.toContain(at.root);
});
