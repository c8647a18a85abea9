/** From an experiment to its runs: conditions x seeds. Pure; workflows use it. */
import type { ExperimentPlan, RunPlan } from './plan.js';

/** Id of a run inside its experiment. */
export function runId(condition: string, seed: number): string {
  return `${condition}/seed-${seed}`;
}

/**
 * All runs, condition by condition: the seeds of one condition have nothing in common and run well side by side, and the next
 * condition finds the generation 0 that it shares with them done.
 */
export function expand(plan: ExperimentPlan): RunPlan[] {
  return plan.conditions.flatMap((condition) =>
    plan.seeds.map((seed) => ({
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
