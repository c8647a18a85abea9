/** A run's last word to the experiment that started it, which may be in another execution by then. */
import { CancellationScope, TemporalFailure, getExternalWorkflowHandle, log } from '@temporalio/workflow';
import type { RunEnding, RunInput, RunResult } from './contract.js';
import { endedSignal } from './contract.js';
import { describeFailure } from './failure.js';
import { isLastGeneration } from './run-state.js';

/**
 * Does a run, and tells what became of it: well, failed or cancelled. A run that goes on in a new execution says nothing yet; nor does
 * one whose code fails, for its workflow goes on when that is mended.
 */
export async function reported({ startedBy }: RunInput, work: () => Promise<RunResult>): Promise<RunResult> {
  if (!startedBy) return work();
  const { experiment, index, turn } = startedBy;
  const tell = (ending: Pick<RunEnding, 'result' | 'failure'>) =>
    CancellationScope.nonCancellable(() =>
      getExternalWorkflowHandle(experiment).signal(endedSignal, { index, turn, ...ending }),
    ).catch((error: unknown) => log.warn('the experiment of this run is over', { experiment, reason: (error as Error).message }));
  try {
    const result = await work();
    await tell({ result });
    return result;
  } catch (error) {
    if (error instanceof TemporalFailure) await tell({ failure: describeFailure(error) });
    throw error;
  }
}

/** Whether a value from outside is what a run says at its end. */
export function isEnding(value: unknown): value is RunEnding {
  const { index, turn, result, failure } = (value ?? {}) as Partial<Record<keyof RunEnding, unknown>>;
  if (typeof index !== 'number' || typeof turn !== 'string') return false;
  const { generations, steps } = (result ?? {}) as Partial<RunResult>;
  const { kind, message } = (failure ?? {}) as { kind?: unknown; message?: unknown };
  return result === undefined
    ? typeof kind === 'string' && typeof message === 'string'
    : isLastGeneration(generations) && typeof steps?.computed === 'number' && typeof steps.reused === 'number';
}
