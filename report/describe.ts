/** What an experiment does, in words, from its plan. */
import { memberSentence } from '../kinds/words.js';
import type { RunIndex } from '../spec/documents.js';
import type { ExperimentPlan } from '../spec/plan.js';

/** A paragraph for the head of the page. */
export function describePlan(plan: ExperimentPlan): string {
  const several = plan.population.length > 1;
  const members = plan.population
    .map((member) => `${several ? `${member.name}: ` : ''}${memberSentence(member, plan.data)}`)
    .join(' ');
  return `${members} ${count(plan.conditions.length, 'condition')}, ${count(plan.seeds.length, 'seed')}, generations 0 to ${plan.generations}.`;
}

function count(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? '' : 's'}`;
}

/** How far a run has come: "generation 2 of 5". */
export function reached(run: RunIndex, plan: ExperimentPlan): string {
  const { generations = Infinity } = plan.conditions.find(({ name }) => name === run.condition) ?? {};
  return run.generations.length === 0
    ? 'no generation'
    : `generation ${run.generationsDone} of ${Math.min(plan.generations, generations)}`;
}
