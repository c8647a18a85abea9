/** Activity proxies with their timeouts and retries. Which errors are final is decided in activities/failures.ts. */
import type { ActivityFunctionWithOptions } from '@temporalio/workflow';
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { Activities, RecordInput, SimulateInput, StepPlace, StepResult } from '../activities/types.js';
import type { Digest } from '../common/canonical.js';
import { summary } from '../common/summary.js';
import { placementKey, placementsOf } from '../spec/placement.js';
import type { ExecutionPlan, ExperimentPlan } from '../spec/plan.js';
import type { Engines } from './contract.js';
import { enginesQueue } from './contract.js';
import { needsOf } from '../spec/operator-plan.js';
import type { StepCall } from './generation.js';

const RETRY = { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '15 seconds' } as const;

type Documents = 'recordPlan' | 'record' | 'recordMetrics' | 'left';
type Stepping = Omit<Activities, Documents | 'chooseEngine'>;

export interface Steps extends Stepping {
  /** `postprocess` is on texts alone; with observations, which models make */
  readonly postprocessObserving: Stepping['postprocess'];
}

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
    prepare: told(light.prepare, () => summary('prepare', 'real data')),
    view: told(light.view, stepSummary('view')),
    postprocess: told(light.postprocess, stepSummary('postprocess')),
    postprocessObserving: told(engine.postprocess, stepSummary('postprocess')),
    sample: told(light.sample, stepSummary('sample')),
    finetune: told(engine.finetune, stepSummary('finetune')),
    generate: told(engine.generate, stepSummary('generate')),
    score: told(engine.score, stepSummary('score')),
    simulate: told(engine.simulate, simulateSummary),
  };
}

/** An activity that is scheduled with a line about what it is given. */
function told<I, O>(
  activity: ActivityFunctionWithOptions<(input: I) => Promise<O>>,
  line: (input: I) => string,
): (input: I) => Promise<O> {
  return (input) => activity.executeWithOptions({ summary: line(input) }, [input]);
}

const stepSummary =
  (step: string) =>
  ({ place: { member, generation }, split = '' }: { readonly place: StepPlace; readonly split?: string }): string =>
    summary(step, member, `generation ${generation}`, split);

function simulateSummary({ place: { member, generation }, to, seeds }: SimulateInput): string {
  const many = seeds.length === 1 ? `seed ${seeds[0]}` : `${seeds.length} seeds`;
  return summary('simulate', member, `generations ${generation} to ${to}`, many);
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

function enginesBehind(taskQueue: string): Pick<Activities, 'chooseEngine'> {
  const { chooseEngine } = proxyActivities<Pick<Activities, 'chooseEngine'>>({
    taskQueue: enginesQueue(taskQueue),
    startToCloseTimeout: '1 minute',
    retry: RETRY,
  });
  return { chooseEngine: told(chooseEngine, () => summary('choose the engine', taskQueue)) };
}

/** Small documents in the store. */
export function recordsOn(taskQueue: string): Pick<Activities, Documents> {
  const { recordPlan, record, recordMetrics, left } = proxyActivities<Pick<Activities, Documents>>({
    taskQueue,
    startToCloseTimeout: '1 minute',
    retry: RETRY,
  });
  return {
    recordPlan: told(recordPlan, ({ plan }) => summary('record', 'plan', `to generation ${plan.generations}`)),
    record: told(record, recordSummary),
    recordMetrics: told(recordMetrics, () => summary('record', 'metrics')),
    left: told(left, ({ run, from }) => summary('what is left', run.id, `from generation ${from}`)),
  };
}

function recordSummary({ document }: RecordInput): string {
  switch (document.schema) {
    case 'habsburg.run/v2':
      return summary('record', 'run', document.status);
    case 'habsburg.generation/v1':
      return summary('record', 'what was left', `generation ${document.generation}`);
    case 'habsburg.evaluation/v1':
      return summary('record', 'scores', document.member, `generation ${document.generation}`);
  }
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
