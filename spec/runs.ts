/** The runs of an experiment, one at a time: conditions x seeds. Plain code that workflows may use. */
import type { ExperimentPlan, RunPlan } from './plan.js';

/** Conditions x seeds. */
export function runCount(plan: ExperimentPlan): number {
  return plan.conditions.length * plan.seeds.length;
}

/** Run i, seeds outermost, so that the first runs of a sweep already compare the conditions. */
export function runAt(plan: ExperimentPlan, i: number): RunPlan {
  const seed = plan.seeds[Math.floor(i / plan.conditions.length)];
  const condition = plan.conditions[i % plan.conditions.length];
  return {
    experiment: plan.name,
    id: `${condition.name}/seed-${seed}`,
    condition: condition.name,
    seed,
    generations: plan.generations,
    data: plan.data,
    tokenizer: plan.tokenizer,
    members: condition.members,
    mixture: condition.mixture,
    metrics: plan.metrics,
    execution: plan.execution,
  };
}
