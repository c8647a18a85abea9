/**
 * Evaluations of what an experiment has left, at any time after: what is missing is computed and nothing else, for each observation
 * and each evaluation is a step that is remembered. Goes through the runs some at a time, and continues as new between two stretches.
 */
import { allHandlersFinished, condition, setHandler, upsertSearchAttributes } from '@temporalio/workflow';
import type { Left, StepPlace } from '../activities/types.js';
import { expandSteps } from '../spec/expand.js';
import { membersAt } from '../spec/phases.js';
import { placementKey, placementOf, type Placement } from '../spec/placement.js';
import type { RunPlan } from '../spec/plan.js';
import type { ScoreExperimentInput, ScoreProgress } from './contract.js';
import { NO_STEPS, SEARCH_ATTRIBUTES, scoreProgressQuery, sumOf } from './contract.js';
import { evaluate } from './evaluate.js';
import { goOnward, shouldGoOnward } from './onward.js';
import { enginesOf, recordsOn } from './proxies.js';
import { KEPT } from './run-state.js';

/** Runs, and of each generations, that are gone through at a time. */
const RUNS = 8;
const STRETCH = 16;

export async function score(input: ScoreExperimentInput): Promise<ScoreProgress> {
  const { plan, digest, store, carried } = input;
  const { execution } = plan;
  const runs = expandSteps(plan);
  const records = recordsOn(execution.queues.cpu);
  let progress: ScoreProgress = carried?.progress ?? {
    runs: runs.length,
    done: 0,
    generations: 0,
    observations: NO_STEPS,
    evaluations: NO_STEPS,
    problems: [],
    problemCount: 0,
  };
  setHandler(scoreProgressQuery, () => progress);
  upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.experiment, value: plan.name }]);
  if (!carried) await records.recordMetrics({ store, plan });
  const engines = carried?.engines ?? (await enginesOf(plan, { store, plan: digest }));

  const scored = async (run: RunPlan, { generation, members }: Left) => {
    const place = (member: string, { queue, device }: Placement): StepPlace => ({
      store,
      seed: run.seed,
      generation,
      member,
      checkpointSeconds: execution.checkpointSeconds,
      device,
      engine: engines[placementKey({ queue, device })],
    });
    const found = await evaluate({
      place: { experiment: plan.name, plan: digest, run: run.id },
      store,
      execution,
      subjects: members.map(({ name, of, input: left }) => {
        const placement = placementOf(
          execution,
          membersAt(run, generation).find((member) => member.name === name),
        );
        return { of, queue: placement.queue, input: { place: place(name, placement), ...left } };
      }),
    });
    const told = found.problems.map((problem) => ({ run: run.id, ...problem }));
    progress = {
      ...progress,
      generations: progress.generations + 1,
      observations: sumOf(progress.observations, found.observations),
      evaluations: sumOf(progress.evaluations, found.evaluations),
      problems: [...progress.problems, ...told].slice(0, KEPT),
      problemCount: progress.problemCount + told.length,
    };
  };
  const stretch = async (run: RunPlan, from: number) => {
    const left = await records.left({ store, plan: digest, run, from, most: STRETCH });
    await Promise.all(left.map((generation) => scored(run, generation)));
  };
  const leaveIfDue = async (run: number, generation: number) => {
    if (!(await shouldGoOnward(input.eventLimit))) return;
    await condition(allHandlersFinished);
    await goOnward<typeof score>({ ...input, carried: { engines, run, generation, progress } });
  };

  let from = carried?.generation ?? 0;
  for (let at = carried?.run ?? 0; at < runs.length; at += RUNS) {
    const some = runs.slice(at, at + RUNS);
    for (; from <= plan.generations; from += STRETCH) {
      await leaveIfDue(at, from);
      await Promise.all(some.map((run) => stretch(run, from)));
    }
    from = 0;
    progress = { ...progress, done: at + some.length };
  }
  return progress;
}
