/** From an experiment to its runs: conditions x seeds. Pure; workflows use it. */
import type { AnyExperimentPlan, AnyRunPlan, ExperimentPlan, RunPlan } from './plan.js';
import { BLOCKS } from './simulation/blocks.js';
import { seedBlocks, seedsName } from './simulation/seed-blocks.js';
import { byContent } from './sources.js';
import type { SimulationPlan, SimulationRunPlan } from './simulation/plan.js';

/** Id of a run inside its experiment. */
export function runId(condition: string, seed: number): string {
  return `${condition}/seed-${seed}`;
}

export function expand(plan: ExperimentPlan): RunPlan[];
export function expand(plan: SimulationPlan): SimulationRunPlan[];
export function expand(plan: AnyExperimentPlan): AnyRunPlan[];
/**
 * All runs, condition by condition: the seeds of one condition have nothing in common and run well side by side, and the next
 * condition finds the generation 0 that it shares with them done.
 */
export function expand(plan: AnyExperimentPlan): AnyRunPlan[] {
  if (plan.kind === 'simulation') return expandBlocks(plan);
  return plan.conditions.flatMap((condition) =>
    plan.seeds.map((seed) => ({
      experiment: plan.name,
      id: runId(condition.name, seed),
      condition: condition.name,
      seed,
      generations: plan.generations,
      data: plan.data,
      ...(plan.sources === undefined ? {} : { sources: plan.sources }),
      ...(plan.claims === undefined ? {} : { claims: plan.claims }),
      members: byContent(condition.members, plan.sources),
      ...(condition.phases && {
        phases: condition.phases.map(({ from, members }) => ({ from, members: byContent(members, plan.sources) })),
      }),
      metrics: plan.metrics,
      execution: plan.execution,
    })),
  );
}

function expandBlocks(plan: SimulationPlan): SimulationRunPlan[] {
  return plan.conditions.flatMap((condition) => {
    const [member] = condition.members;
    const size = BLOCKS[member.world.family].seeds;
    return seedBlocks(plan.seeds, size).map((seeds): SimulationRunPlan => ({
      kind: 'simulation',
      experiment: plan.name,
      id: `${condition.name}/${seedsName(seeds, size)}`,
      condition: condition.name,
      seed: seeds[0],
      seeds,
      generations: plan.generations,
      ...(plan.data === undefined ? {} : { data: plan.data }),
      ...(plan.sources === undefined ? {} : { sources: plan.sources }),
      ...(plan.claims === undefined ? {} : { claims: plan.claims }),
      member,
      mixture: condition.mixture,
      execution: plan.execution,
    }));
  });
}
