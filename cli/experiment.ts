/** Starting an experiment, or finding the one that is already running, and following it to its end. */
import type { Client, WorkflowHandle } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf, type Digest } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import { planDigest } from '../spec/digest.js';
import type { ExperimentInput, ExperimentResult } from '../workflows/contract.js';
import { QUEUES, SEARCH_ATTRIBUTES } from '../workflows/contract.js';
import { ProgressView } from './progress.js';
import type { ExperimentSnapshot } from './snapshot.js';
import { snapshot } from './snapshot.js';
import { call, isPassing } from './temporal.js';

export interface Started {
  readonly handle: WorkflowHandle;
  /** false: it was running already, with the same plan and store, and we follow it */
  readonly fresh: boolean;
}

/** Starts the experiment's workflow under its name. An equal one that runs already is followed; a different one is refused. */
export async function startExperiment(client: Client, input: ExperimentInput): Promise<Started> {
  const { name } = input.plan;
  const identity = identityOf(input);
  try {
    const handle = await client.workflow.start('experiment', {
      workflowId: name,
      taskQueue: QUEUES.workflow,
      args: [input],
      memo: { ...identity },
      typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.experiment, value: name }],
    });
    return { handle, fresh: true };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    const handle = client.workflow.getHandle(name);
    const { memo } = await handle.describe();
    if (memo && isSame(memo, identity)) return { handle, fresh: false };
    throw new HabsburgError(
      'invalid',
      `an experiment ${name} with other settings is running; wait for it, cancel it (habsburg cancel ${name}), or give this one a name of its own (--set name=${name}-2)`,
    );
  }
}

/** What a running experiment is known by, in its memo: its plan's one digest, which chains of it, and where they go. */
interface Identity {
  readonly plan: Digest;
  /** of the seeds */
  readonly seeds: Digest;
  readonly generations: number;
  readonly store: string;
}

function identityOf({ plan, store }: ExperimentInput): Identity {
  return { plan: planDigest(plan), seeds: digestOf(plan.seeds), generations: plan.generations, store };
}

function isSame(memo: Partial<Record<keyof Identity, unknown>>, own: Identity): boolean {
  return (['plan', 'seeds', 'generations', 'store'] as const).every((part) => memo[part] === own[part]);
}

const POLL_MS = 1_000;
/** a server or worker that restarts gets so long before we give up watching */
const PATIENCE_MS = 60_000;

/** Follows an experiment until it ends; survives restarts of server and workers. */
export async function follow(
  client: Client,
  experiment: string,
  options: { signal: AbortSignal; onSnapshot?: (state: ExperimentSnapshot) => void; quiet?: boolean },
): Promise<ExperimentSnapshot> {
  const view = options.quiet ? undefined : new ProgressView();
  let lastAnswer = Date.now();
  try {
    for (;;) {
      options.signal.throwIfAborted();
      try {
        const state = await snapshot(client, experiment);
        lastAnswer = Date.now();
        if (state.status !== 'RUNNING' && state.status !== 'CONTINUED_AS_NEW') return state;
        options.onSnapshot?.(state);
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

/** The error of an ended experiment, or undefined where all runs are done. */
export function failureOf(state: ExperimentSnapshot): HabsburgError | undefined {
  if (state.status === 'COMPLETED')
    return state.result && state.result.failed > 0 ? failedRuns(state.experiment, state.result) : undefined;
  if (state.status === 'CANCELLED')
    return new HabsburgError('failed', `${state.experiment} was cancelled; finished steps are kept, run it again to go on`);
  return new HabsburgError('failed', `${state.experiment} ended as ${state.status.toLowerCase()}`);
}

const KINDS = new Set(['invalid', 'verification', 'notFound', 'unreachable', 'resources']);

function failedRuns(experiment: string, result: ExperimentResult): HabsburgError {
  const [first] = result.failures;
  const kind = KINDS.has(first.kind) ? (first.kind as 'invalid') : 'failed';
  const others = result.failed > 1 ? ` (and ${result.failed - 1} more; habsburg status ${experiment})` : '';
  return new HabsburgError(kind, `${first.run} failed: ${first.message}${others}`, { details: { failures: result.failures } });
}
