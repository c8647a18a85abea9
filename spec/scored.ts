/** What is scored of a member's generation. Pure: the chain's workflow says so, and so does who scores it later, from documents. */
import type { MetricPlan, MixedStepMember } from './plan.js';

/** Under which name a run's document keeps what a member started from. */
export const inputName = (members: number, member: string, role: string): string => (members > 1 ? `${member}/${role}` : role);

/** What is scored of a member's generation, in references of some kind. */
export interface Scored<Ref> {
  readonly family: MixedStepMember['family'];
  readonly metrics: readonly MetricPlan[];
  readonly model: Ref;
  readonly generated: Ref;
  /** what the model continued; for the samples in the report */
  readonly prompts: Ref;
  readonly real: Ref;
  readonly test: Ref;
  /** model 0 of the same member and seed */
  readonly first: Ref;
  readonly truth?: Ref;
  /** of records with a template's prompt: whether the prompt counts in likelihoods */
  readonly lossOn?: 'answer' | 'all';
}

export function scoredOf<Ref>(
  member: MixedStepMember,
  metrics: readonly MetricPlan[],
  artifacts: Omit<Scored<Ref>, 'family' | 'metrics' | 'lossOn'>,
): Scored<Ref> {
  return {
    family: member.family,
    metrics,
    ...artifacts,
    lossOn: member.family === 'language-model' ? member.training.lossOn : undefined,
  };
}
