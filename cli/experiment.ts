/** Starting an experiment, or finding the one that is already running, and following it to its end. */
import type { Client, WorkflowHandle } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf, type Digest } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import { conditionSeeds } from '../spec/expand.js';
import { planDigest, portablePlan } from '../spec/digest.js';
import type { ExperimentPlan } from '../spec/plan.js';
import type { ExperimentInput } from '../workflows/contract.js';
import {
  QUEUES,
  SEARCH_ATTRIBUTES,
  experimentProgressQuery,
  experimentSummary,
  extendUpdate,
  fairness,
} from '../workflows/contract.js';
import { failureOf } from './ended.js';
import { ProgressView } from './progress.js';
import type { ExperimentMemo, ExperimentSnapshot } from './snapshot.js';
import { isOver, snapshot } from './snapshot.js';
import { call, isPassing } from './temporal.js';
import { list } from './words.js';

export interface Started {
  readonly handle: WorkflowHandle;
  /** false: it was running already, with the same settings and store, and we follow it */
  readonly fresh: boolean;
  /** the last generation, where it is another than the file says */
  readonly generations?: number;
}

/**
 * Starts the experiment's workflow under its name. An equal one that runs already is followed, to the generation that it was extended
 * to; where the file asks for more generations than that, it is extended. One with other settings is refused.
 * @param command the words after `habsburg`, for sentences that say how to go on
 */
export async function startExperiment(client: Client, input: ExperimentInput, command: readonly string[]): Promise<Started> {
  const { name } = input.plan;
  const identity = identityOf(input);
  for (;;) {
    try {
      const handle = await client.workflow.start('experiment', {
        workflowId: name,
        taskQueue: QUEUES.workflow,
        args: [input],
        staticSummary: experimentSummary(input.plan),
        priority: fairness(name),
        memo: { ...identity, command, startedAt: new Date().toISOString() } satisfies ExperimentMemo,
        typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.experiment, value: name }],
      });
      return { handle, fresh: true };
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      const followed = await joinRunning(client, input.plan, identity);
      if (followed) return followed;
    }
  }
}

/** Undefined where it has ended meanwhile. */
async function joinRunning(client: Client, plan: ExperimentPlan, identity: Identity): Promise<Started | undefined> {
  const handle = client.workflow.getHandle(plan.name);
  const { memo, status } = await handle.describe();
  if (status.name !== 'RUNNING') return undefined;
  const different = differences(identity, memo as ExperimentMemo | undefined);
  if (different !== undefined)
    throw new HabsburgError(
      'invalid',
      `the experiment ${plan.name} was started with other settings (${different}) and has not ended; cancel it (habsburg cancel ${plan.name}; what is finished is kept), wait for it, or give this one a name of its own (--set name=${plan.name}-2)`,
    );
  try {
    const { generations } = await handle.query(experimentProgressQuery);
    if (plan.generations > generations) await handle.executeUpdate(extendUpdate, { args: [plan.generations] });
    return { handle, fresh: false, ...(plan.generations < generations ? { generations } : {}) };
  } catch {
    // no worker answers yet, its code fails, or it has just ended: following it will tell
    return { handle, fresh: false };
  }
}

/** What a running experiment is known by, in its memo: its plan's one digest, which chains of it, and where they go. */
interface Identity {
  readonly plan: Digest;
  /** of the seeds */
  readonly seeds: Digest;
  /** of the metrics */
  readonly metrics: Digest;
  readonly store: string;
  /** short digests by setting, so that a difference can be named */
  readonly settings: Readonly<Record<string, string>>;
}

export function identityOf({ plan, store }: Pick<ExperimentInput, 'plan' | 'store'>): Identity {
  const { name: _name, title: _title, execution, generations: _generations, ...settings } = portablePlan(plan);
  return {
    plan: planDigest(plan),
    seeds: digestOf(
      plan.conditions.some(({ seeds }) => seeds) ? plan.conditions.map((one) => [...conditionSeeds(plan, one)]) : plan.seeds,
    ),
    metrics: digestOf('metrics' in plan ? plan.metrics : []),
    store,
    settings: Object.fromEntries(
      Object.entries({ ...settings, device: execution.device ?? 'default', engine: execution.engine ?? 'default', store }).map(
        ([name, value]) => [name, digestOf(value ?? null).slice(7, 19)],
      ),
    ),
  };
}

/** The settings in which an experiment differs from the one that runs, as words; undefined where it is the same. */
function differences(wanted: Identity, running: ExperimentMemo | undefined): string | undefined {
  if ((['plan', 'seeds', 'metrics', 'store'] as const).every((part) => running?.[part] === wanted[part])) return undefined;
  const { settings } = running ?? {};
  if (!settings) return 'by another version of Habsburg';
  const names = [...new Set([...Object.keys(wanted.settings), ...Object.keys(settings)])];
  return list(names.filter((name) => wanted.settings[name] !== settings[name]));
}

const POLL_MS = 1_000;
const OTHER_CODE_POLLS = 3;
/** a server or worker that restarts gets so long before we give up watching */
const PATIENCE_MS = 60_000;

/**
 * Follows an experiment until it ends; survives restarts of server and workers.
 * @throws HabsburgError where it cannot go on: it was started by other workflow code than that of the workers, is pinned to a version
 *   that nobody serves, or no version is current
 */
export async function follow(
  client: Client,
  experiment: string,
  options: { signal: AbortSignal; onSnapshot?: (state: ExperimentSnapshot) => void; quiet?: boolean },
): Promise<ExperimentSnapshot> {
  const view = options.quiet ? undefined : new ProgressView();
  let lastAnswer = Date.now();
  let otherCode = 0;
  try {
    for (;;) {
      options.signal.throwIfAborted();
      try {
        const state = await snapshot(client, experiment, { standing: true });
        lastAnswer = Date.now();
        if (isOver(state)) return state;
        options.onSnapshot?.(state);
        // more than once: a worker that is being replaced may have answered
        const { trouble } = state;
        const passes = trouble === undefined || !(trouble.otherCode || trouble.version || trouble.noneCurrent);
        otherCode = passes ? 0 : otherCode + 1;
        const stuck = otherCode === OTHER_CODE_POLLS ? failureOf(state) : undefined;
        if (stuck) throw stuck;
        view?.show(state);
      } catch (error) {
        if (!isPassing(error) || Date.now() - lastAnswer > PATIENCE_MS)
          return await call(experiment, () => Promise.reject(error));
      }
      await sleep(POLL_MS, undefined, { signal: options.signal });
    }
  } finally {
    view?.close();
  }
}
