/** Activity proxies with their timeouts and retries. Which errors are final is decided in activities/failures.ts. */
import type { ActivityInterfaceFor } from '@temporalio/workflow';
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { Activities, StepResult } from '../activities/types.js';
import type { Digest } from '../common/canonical.js';
import { placementKey, placementsOf } from '../spec/placement.js';
import type { ExecutionPlan, ExperimentPlan } from '../spec/plan.js';
import type { Engines } from './contract.js';
import { enginesQueue } from './contract.js';
import { needsOf } from '../spec/operator-plan.js';
import type { StepCall } from './generation.js';

const RETRY = { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '15 seconds' } as const;

type Stepping = Omit<ActivityInterfaceFor<Activities>, Documents | 'chooseEngine'>;

export interface Steps extends Omit<Stepping, 'postprocess'> {
  /** on texts alone, and with observations, which models make */
  readonly postprocess: Stepping['postprocess'];
  readonly postprocessObserving: Stepping['postprocess'];
}

type Documents = 'recordPlan' | 'record' | 'recordMetrics' | 'left';

/**
 * Steps on their task queues. Long by nature: nothing limits their duration but their heartbeat.
 * @param heartbeatSeconds an activity that says nothing for so long is taken for dead and started again elsewhere
 */
export function stepsOn(queues: ExecutionPlan['queues'], heartbeatSeconds: number): Steps {
  const on = (taskQueue: string) =>
    proxyActivities<Activities>({
      taskQueue,
      startToCloseTimeout: '30 days',
      heartbeatTimeout: heartbeatSeconds * 1000,
      cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
      retry: RETRY,
    });
  const light = on(queues.cpu);
  const engine = on(queues.engine);
  return {
    prepare: light.prepare,
    view: light.view,
    postprocess: light.postprocess,
    postprocessObserving: engine.postprocess,
    sample: light.sample,
    finetune: engine.finetune,
    generate: engine.generate,
    score: engine.score,
    simulate: engine.simulate,
  };
}

/** Asks the engines behind each placement's task queue which of them a plan's steps are for. */
export async function enginesOf(
  plan: ExperimentPlan,
  place: { readonly store: string; readonly plan?: Digest },
): Promise<Engines> {
  const placements = placementsOf(plan);
  const asked = placements.map(async (placement): Promise<[string, string]> => {
    const { queue, device } = placement;
    const engine = await enginesBehind(queue).chooseEngine({
      ...place,
      device,
      ...(placement === placements[0] ? {} : { queue }),
    });
    return [placementKey(placement), engine];
  });
  return Object.fromEntries(await Promise.all(asked));
}

function enginesBehind(taskQueue: string): ActivityInterfaceFor<Pick<Activities, 'chooseEngine'>> {
  return proxyActivities<Pick<Activities, 'chooseEngine'>>({
    taskQueue: enginesQueue(taskQueue),
    startToCloseTimeout: '1 minute',
    retry: RETRY,
  });
}

/** Small documents in the store. */
export function recordsOn(taskQueue: string): ActivityInterfaceFor<Pick<Activities, Documents>> {
  return proxyActivities<Pick<Activities, Documents>>({
    taskQueue,
    startToCloseTimeout: '1 minute',
    retry: RETRY,
  });
}

/** Runs the steps that a generation asks for, one after the other. @param step runs an activity under a name */
export async function perform<T>(
  asked: Generator<StepCall, T, StepResult>,
  steps: Steps,
  step: (name: string, call: () => Promise<StepResult>) => Promise<StepResult>,
): Promise<T> {
  let next = asked.next();
  while (!next.done) {
    const call = next.value;
    next = asked.next(await step(call.step, () => start(steps, call)));
  }
  return next.value;
}

function start(steps: Steps, call: StepCall): Promise<StepResult> {
  switch (call.step) {
    case 'view':
      return steps.view(call.input);
    case 'postprocess':
      return needsOf(call.input.operators).observations.length > 0
        ? steps.postprocessObserving(call.input)
        : steps.postprocess(call.input);
    case 'sample':
      return steps.sample(call.input);
    case 'finetune':
      return steps.finetune(call.input);
    case 'generate':
      return steps.generate(call.input);
  }
}
