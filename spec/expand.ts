/** From an experiment to its runs: conditions x seeds. Pure; workflows use it. */
import { BLOCKS } from '../kinds/chains/blocks.js';
import type { ChainRunPlan } from '../kinds/chains/plan.js';
import { seedBlocks, seedsName } from '../kinds/chains/seed-blocks.js';
import { chainGroups, chainPart, stepMembers, stepPart } from './members.js';
import type { AnyRunPlan, ConditionPlan, DataPlans, ExperimentPlan, RunPlan } from './plan.js';
import { byContent, metricsByContent } from './sources.js';

/** Id of a run inside its experiment. */
export function runId(condition: string, seed: number): string {
  return `${condition}/seed-${seed}`;
}

/**
 * All runs, condition by condition: the seeds of one condition have nothing in common and run well side by side, and the next
 * condition finds the generation 0 that it shares with them done. Members whose steps are activities share a run for each seed; a cheap
 * member has a run for each block of seeds, and those that learn from each other have theirs together.
 */
export function expand(plan: ExperimentPlan): AnyRunPlan[] {
  return plan.conditions.flatMap((condition) => [...stepRuns(plan, condition), ...chainRuns(plan, condition)]);
}

/** The runs whose steps are activities: of these models and their texts are kept, so that they can be scored later, too. */
export function expandSteps(plan: ExperimentPlan): RunPlan[] {
  return plan.conditions.flatMap((condition) => stepRuns(plan, condition));
}

/** Longer lists of names are cut: no member is in two groups, so the first says which it is. */
const LONGEST = 80;

/** `a+b`: names have no plus sign. */
function groupName(names: readonly string[]): string {
  const all = names.join('+');
  return all.length <= LONGEST ? all : `${names[0]}+${names.length - 1}-more`;
}

function lastOf({ generations }: ExperimentPlan, { generations: until }: ConditionPlan): Pick<RunPlan, 'generations' | 'until'> {
  return until === undefined ? { generations } : { generations: Math.min(generations, until), until };
}

/** A condition's seeds, in the order of the experiment's: of an experiment with fewer seeds than it names, those that there are. */
export function conditionSeeds({ seeds }: ExperimentPlan, { seeds: own }: ConditionPlan): readonly number[] {
  return own === undefined ? seeds : seeds.filter((seed) => own.includes(seed));
}

/** What a condition's members learn from. */
export function conditionData({ data }: Pick<ExperimentPlan, 'data'>, { data: text }: Pick<ConditionPlan, 'data'>): DataPlans {
  return text === undefined ? data : { ...data, text };
}

function stepRuns(plan: ExperimentPlan, condition: ConditionPlan): RunPlan[] {
  if (stepMembers(plan).length === 0) return [];
  const { members, phases } = stepPart(condition);
  const { chains: _, ...data } = conditionData(plan, condition);
  return conditionSeeds(plan, condition).map((seed) => ({
    experiment: plan.name,
    id: runId(condition.name, seed),
    condition: condition.name,
    seed,
    ...lastOf(plan, condition),
    data,
    ...(plan.sources === undefined ? {} : { sources: plan.sources }),
    ...(plan.claims === undefined ? {} : { claims: plan.claims }),
    members: byContent(members, plan.sources),
    ...(phases && {
      phases: phases.map((phase) => ({ from: phase.from, members: byContent(phase.members, plan.sources) })),
    }),
    metrics: metricsByContent(plan.metrics, plan.sources),
    execution: plan.execution,
  }));
}

function chainRuns(plan: ExperimentPlan, condition: ConditionPlan): ChainRunPlan[] {
  return chainGroups(condition).flatMap((names) => {
    const part = chainPart(condition, names);
    const { family } = part.member.world;
    const size = BLOCKS[family].seeds;
    // one among several members has its name in its runs', and those that learn from each other have all of theirs
    const prefix = plan.population.length === 1 ? condition.name : `${condition.name}/${groupName(names)}`;
    return seedBlocks(conditionSeeds(plan, condition), size).map((seeds): ChainRunPlan => ({
      kind: 'chains',
      experiment: plan.name,
      id: `${prefix}/${seedsName(seeds, size)}`,
      condition: condition.name,
      seed: seeds[0],
      seeds,
      ...lastOf(plan, condition),
      ...(family === 'n-gram' && plan.data.chains ? { data: plan.data.chains } : {}),
      ...(plan.sources === undefined ? {} : { sources: plan.sources }),
      ...(plan.claims === undefined ? {} : { claims: plan.claims }),
      ...part,
      execution: plan.execution,
    }));
  });
}
