/** record: keeps the experiment's documents (plan, run indexes) up to date, so that results can be read with no server running. */
import { activityInfo } from '@temporalio/activity';
import { digestOf } from '../common/canonical.js';
import type { GenerationIndex, RunIndex } from '../spec/results.js';
import { PLAN_SCHEMA, RUN_SCHEMA, planName, runName } from '../spec/results.js';
import { toFailure } from './failures.js';
import type { Activities, ActivityDependencies, RecordInput } from './types.js';

export function recordActivities(deps: ActivityDependencies): Pick<Activities, 'recordPlan' | 'recordRun'> {
  const withFailures = async (doing: string, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      throw toFailure(error, doing, activityInfo().attempt);
    }
  };
  return {
    recordPlan: ({ store: url, plan }) =>
      withFailures('recording the plan', async () => {
        const store = deps.openStore(url);
        await store.writeName(planName(plan.name), { schema: PLAN_SCHEMA, plan, digest: digestOf(plan) });
      }),
    recordRun: (input) =>
      withFailures(`recording ${input.index.run}`, async () => {
        const store = deps.openStore(input.store);
        const name = runName(input.index.experiment, input.index.run);
        const before = await store.readName<RunIndex>(name);
        await store.writeName(name, {
          ...mergeRun(before, input),
          versions: { habsburg: deps.codeVersion, engine: deps.engineFingerprint(input.device ?? deps.device) },
        });
      }),
  };
}

/** The index after this record. Generation 0 starts the run anew: an earlier run's entries must not shine through. */
export function mergeRun(before: RunIndex | undefined, input: RecordInput): RunIndex {
  const { generation, members } = input;
  let generations: GenerationIndex[] = before?.generations ?? [];
  if (generation === undefined) {
    if (input.index.generationsDone === 0 && input.index.status === 'running') generations = [];
  } else {
    generations = generations.filter((g) => g.generation !== generation);
    generations = [...generations, { generation, members: { ...members } }].sort((a, b) => a.generation - b.generation);
  }
  return { schema: RUN_SCHEMA, ...input.index, generations };
}
