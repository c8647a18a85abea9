/**
 * What every step has in common: its key, the verified memo, the lease, a scratch folder, heartbeats, publishing with a
 * statement, the step record. A step's file says only what is its own.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { activityInfo, cancellationSignal, heartbeat, log } from '@temporalio/activity';
import { stateAttempt } from '../artifacts/attempt.js';
import { clearCheckpoint, loadCheckpoint, saveCheckpoint } from '../artifacts/checkpoints.js';
import { assertRoom } from '../artifacts/free-space.js';
import type { StatedArtifact } from '../artifacts/in-toto.js';
import { makeStatement } from '../artifacts/statement.js';
import { addStatement, dropUnreadable, findStatedStep } from '../artifacts/statements.js';
import { renewStep, stepKey, stepName, writeStep } from '../artifacts/step-record.js';
import type { ArtifactKind, ArtifactManifest, ArtifactRef, ArtifactStore } from '../artifacts/types.js';
import { Writing } from '../artifacts/writers.js';
import type { Digest } from '../common/canonical.js';
import { inThread } from '../common/thread.js';
import type { Job, JobReport, Progress } from '../kinds/host/types.js';
import { checkEngine } from './engine.js';
import { failureKind, toFailure } from './failures.js';
import { acquireLease } from './lease.js';
import { checkOutput, lackOf } from './outputs.js';
import { keepSources, type SourcesRead } from './sources.js';
import type { ActivityDependencies, StepPlace, StepResult } from './types.js';

export interface StepDefinition {
  /** sample, finetune, generate, score, prepare, simulate */
  readonly step: string;
  /** raised when the step's code changes its output */
  readonly version: number;
  readonly place: StepPlace;
  readonly inputs: Readonly<Record<string, ArtifactRef>>;
  /** everything else that determines the output; a function where that has to be looked up first */
  readonly parameters: unknown | (() => Promise<unknown>);
  /** what it reads from outside, known once the parameters are: these have its content, so that it is no part of the key of its own */
  readonly sources?: () => SourcesRead;
  /** whether the numeric engine takes part; then its fingerprint is part of the key */
  readonly engine: boolean;
}

/** One file folder that a step leaves, to become an artifact. */
export interface StepOutput {
  readonly kind: ArtifactKind;
  readonly folder: string;
  readonly facts?: ArtifactManifest['facts'];
}

export interface StepContext {
  readonly store: ArtifactStore;
  readonly key: Digest;
  /** downloads (once) an input, verified, and gives its folder */
  input(ref: ArtifactRef): Promise<string>;
  /** a fresh folder for an output or for intermediate files */
  folder(name: string): Promise<string>;
  /** runs an export of a module in a thread, with a copy of `input`: what computes for long must not hold up this one's heartbeats */
  thread<Output>(module: URL, name: string, input: unknown): Promise<Output>;
  /** runs a job in an engine process, heartbeating by its progress and storing its checkpoints; `resume` is filled in */
  run(job: Job, options?: { checkpoints?: boolean }): Promise<JobReport>;
}

export interface StepOutcome {
  readonly outputs: Readonly<Record<string, StepOutput | ArtifactRef>>;
  readonly report: JobReport;
}

/** Heartbeat details: what `watch` shows of a step that is going on. */
export interface StepHeartbeat {
  readonly step: string;
  readonly member: string;
  readonly generation: number;
  readonly progress?: Progress;
}

const IN_PROCESS_BEAT_MS = 1_000;

export async function runStep(
  deps: ActivityDependencies,
  definition: StepDefinition,
  compute: (context: StepContext) => Promise<StepOutcome>,
): Promise<StepResult> {
  const { place, step } = definition;
  const doing = `${step} of generation ${place.generation}`;
  const beat = heartbeater(definition);
  const writing = new Writing();
  try {
    return await attempt(deps, definition, compute, beat, writing);
  } catch (error) {
    const signal = cancellationSignal();
    if (signal.aborted) throw signal.reason;
    throw toFailure(error, doing, activityInfo().attempt);
  } finally {
    beat.stop();
    await writing.end();
  }
}

async function attempt(
  deps: ActivityDependencies,
  definition: StepDefinition,
  compute: (context: StepContext) => Promise<StepOutcome>,
  beat: Heartbeater,
  writing: Writing,
): Promise<StepResult> {
  const { place } = definition;
  const store = deps.openStore(place.store);
  const engineFingerprint = definition.engine ? deps.engineFingerprint(place.device ?? deps.device) : 'none';
  if (definition.engine) await checkEngine(deps, place, engineFingerprint, activityInfo().attempt);
  const parameters: unknown =
    typeof definition.parameters === 'function'
      ? await (definition.parameters as () => Promise<unknown>)()
      : definition.parameters;
  const key = stepKey({
    step: definition.step,
    version: definition.version,
    parameters,
    inputs: Object.fromEntries(Object.entries(definition.inputs).map(([name, ref]) => [name, ref.digest])),
    seed: place.seed,
    generation: place.generation,
    member: place.member,
    engineFingerprint,
  });

  // before the first look at the store: what is found there stays until this attempt is over
  await writing.begin(store, [key, ...Object.values(definition.inputs).map(({ digest }) => digest)]);
  const info = activityInfo();
  const holder = `${info.workflowExecution?.workflowId}/${info.workflowExecution?.runId}/${info.activityId}`;
  const invocation = `${info.workflowNamespace}/${holder}`;
  /** a hit was damaged, and perhaps more than was noticed: what lies in the store is believed by its hash alone */
  let doubt = place.deep ?? false;
  const lookUp = async (): Promise<StepResult | undefined> => {
    const { record, facts, damage } = await findStatedStep(store, key, {
      ...(place.deep ? { hashBelow: Infinity } : {}),
      lacks: (_, manifest) => lackOf(manifest),
    });
    if (record) {
      await renewStep(store, record, await writing.now());
      // what an earlier attempt published before it was taken for dead was computed by this activity, not found by it
      const by = facts?.invocation.id ?? '';
      const earlier = by.startsWith(`${invocation}/`) && Number(by.slice(invocation.length + 1)) < info.attempt;
      return { key, cached: !earlier, outputs: record.outputs, report: record.report };
    }
    doubt ||= damage !== undefined;
    if (damage !== undefined)
      log.warn('a finished step is damaged and is computed again', { step: definition.step, key, damage });
    return undefined;
  };
  // whether or not anything is to be computed: what is claimed of them may be new
  const sources = await keepSources(store, definition.sources?.() ?? {}, deps.signer, place.deep ? { hashBelow: Infinity } : {});
  writing.settle(Object.values(sources).map(({ digest }) => digest));
  let hit = await lookUp();
  if (hit) return hit;

  const signal = cancellationSignal();
  const lease = await acquireLease(store, key, holder, async () => (hit = await lookUp()) !== undefined, signal);
  if (!lease) return hit!;
  const startedOn = new Date().toISOString();
  // never before the clock that `startedOn` was read from, which may have been set back meanwhile
  const now = () => new Date(Math.max(Date.now(), Date.parse(startedOn))).toISOString();
  await mkdir(deps.scratch, { recursive: true });
  const scratch = await mkdtemp(join(deps.scratch, `${definition.step}-`));
  try {
    hit = await lookUp(); // somebody may have finished while we waited for the lease
    if (hit) return hit;
    await assertRoom([store.objects.url, deps.scratch]);
    const outcome = await compute(stepContext(deps, definition, store, key, scratch, signal, beat));
    signal.throwIfAborted();
    await writing.open();
    const outputs: Record<string, ArtifactRef> = {};
    for (const [name, output] of Object.entries(outcome.outputs)) {
      if ('digest' in output) outputs[name] = output;
      else {
        await checkOutput(definition.step, name, output);
        outputs[name] = await store.publish(output.kind, output.folder, output.facts, doubt ? { hashBelow: Infinity } : {});
      }
    }
    const stated: Record<string, StatedArtifact> = {};
    for (const [name, ref] of Object.entries(outputs)) stated[name] = { ...ref, files: (await store.manifest(ref.digest)).files };
    if (doubt) await dropUnreadable(store, key);
    const facts = makeStatement({
      step: definition.step,
      stepVersion: definition.version,
      key,
      inputs: definition.inputs,
      sources,
      outputs: stated,
      parameters,
      seed: place.seed,
      generation: place.generation,
      member: place.member,
      code: deps.code,
      engineFingerprint,
      invocation: {
        id: `${invocation}/${info.attempt}`,
        startedOn,
        finishedOn: now(),
        runtime: { node: process.versions.node },
      },
    });
    await writing.assertHeld();
    const statement = await addStatement(store, stepName(key), facts, deps.signer);
    await writeStep(store, { key, step: definition.step, outputs, report: outcome.report, statement });
    await clearCheckpoint(store, key);
    return { key, cached: false, outputs, report: outcome.report };
  } catch (error) {
    const failure = failureKind(error, info.attempt);
    if (failure !== undefined && !signal.aborted) {
      const { step, version: stepVersion } = definition;
      const { seed, generation, member } = place;
      const attempted = { id: `${invocation}/${info.attempt}`, startedOn, finishedOn: now() };
      const facts = { step, stepVersion, key, seed, generation, member, engineFingerprint, invocation: attempted, failure };
      // what went wrong is told in any case
      await stateAttempt(store, facts, deps.code, deps.signer).catch(() => undefined);
    }
    throw error;
  } finally {
    await lease.release();
    await rm(scratch, { recursive: true, force: true }).catch(() => undefined);
  }
}

function stepContext(
  deps: ActivityDependencies,
  definition: StepDefinition,
  store: ArtifactStore,
  key: Digest,
  scratch: string,
  signal: AbortSignal,
  beat: Heartbeater,
): StepContext {
  const inputs = new Map<Digest, Promise<string>>();
  const folder = async (name: string) => {
    const path = join(scratch, name);
    await mkdir(path, { recursive: true });
    return path;
  };
  return {
    store,
    key,
    folder,
    input(ref) {
      let path = inputs.get(ref.digest);
      if (!path) {
        const target = join(scratch, `in-${ref.digest.slice(7, 23)}`);
        path = store.materialise(ref.digest, target).then(() => target);
        inputs.set(ref.digest, path);
      }
      return path;
    },
    thread: (module, name, input) => inThread(module, name, input, signal),
    async run(job, options) {
      let resume: string | undefined;
      if (options?.checkpoints) {
        const target = join(scratch, 'resume');
        const { facts, damage } = await loadCheckpoint(store, key, target);
        if (facts) resume = target;
        if (damage) log.warn('a checkpoint is damaged and is not used', { step: definition.step, key, damage });
      }
      beat.byProgress();
      try {
        return await deps.runJob(resume && job.op !== 'observe' ? { ...job, resume } : job, {
          signal,
          checkpointSeconds: definition.place.checkpointSeconds,
          device: definition.place.device ?? deps.device,
          ...(definition.engine ? { engine: deps.engineFingerprint(definition.place.device ?? deps.device) } : {}),
          scratch: await folder('job'),
          alive: () => beat.now(),
          progress: (progress) => beat.now(progress),
          checkpoint: async (path) => {
            await saveCheckpoint(store, key, path);
          },
        });
      } finally {
        beat.byTimer();
      }
    },
  };
}

interface Heartbeater {
  /** the engine reports: silence from it must become a heartbeat timeout */
  byProgress(): void;
  /** work in this process: a timer is honest, for whatever blocks the process blocks the timer */
  byTimer(): void;
  now(progress?: Progress): void;
  stop(): void;
}

function heartbeater(definition: StepDefinition): Heartbeater {
  const { step, place } = definition;
  let last: Progress | undefined;
  let timer: NodeJS.Timeout | undefined;
  const now = (progress?: Progress) => {
    last = progress ?? last;
    heartbeat({ step, member: place.member, generation: place.generation, progress: last } satisfies StepHeartbeat);
  };
  const stop = () => clearInterval(timer);
  const byTimer = () => {
    stop();
    timer = setInterval(now, IN_PROCESS_BEAT_MS);
  };
  byTimer();
  return { byProgress: stop, byTimer, now, stop };
}
