/** From an experiment to its runs: conditions x seeds. Pure; workflows use it. */
import type { ExperimentPlan, RunPlan } from './plan.js';

/** Id of a run inside its experiment. */
export function runId(condition: string, seed: number): string {
  return `${condition}/seed-${seed}`;
}

/** All runs, seed by seed, so that a sweep cut short has every condition of its first seeds. */
export function expand(plan: ExperimentPlan): RunPlan[] {
  return plan.seeds.flatMap((seed) =>
    plan.conditions.map((condition) => ({
      experiment: plan.name,
      id: runId(condition.name, seed),
      condition: condition.name,
      seed,
      generations: plan.generations,
      data: plan.data,
      tokenizer: plan.tokenizer,
      members: condition.members,
      mixture: condition.mixture,
      metrics: plan.metrics,
      execution: plan.execution,
    })),
  );
}
