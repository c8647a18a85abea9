/** What is scored of a member's generation. Pure: the chain's workflow says so, and so does who scores it later, from documents. */
import { isOfTraining } from '../evaluations/training.js';
import type { MetricPlan, MixedStepMember, RunPlan } from './plan.js';
import type { SourceClaim } from './source-claims.js';
import { encoderSource, encodersOf } from './sources.js';

/** Under which name a run's document keeps what a member started from. */
export const inputName = (members: number, member: string, role: string): string => (members > 1 ? `${member}/${role}` : role);

/** What is scored of a member's generation, in references of some kind. */
export interface Scored<Ref> {
  readonly family: MixedStepMember['family'];
  readonly metrics: readonly MetricPlan[];
  /** this, `prompts` and `first` are absent of real text as if a model had written it */
  readonly model?: Ref;
  readonly generated: Ref;
  /** what the model continued; for the samples in the report */
  readonly prompts?: Ref;
  readonly real: Ref;
  readonly test: Ref;
  /** the test set mixed as the member's training set is, where it is */
  readonly mixed?: Ref;
  /** what the model was trained on, where a metric is of that */
  readonly training?: Ref;
  /** model 0 of the same member and seed, and what it wrote; absent in a run that a version began which did not keep it in mind */
  readonly first?: Ref;
  readonly written0?: Ref;
  readonly truth?: Ref;
  /** sources of the sentence encoders that metrics name by what they hold; absent: none is known here */
  readonly encoders?: Readonly<Record<string, string>>;
  /** what the experiment's file says of these */
  readonly claims?: readonly SourceClaim[];
  /** of records with a template's prompt: whether the prompt counts in likelihoods */
  readonly lossOn?: 'answer' | 'all';
}

export function scoredOf<Ref>(
  member: MixedStepMember,
  { metrics, sources, claims = [] }: Pick<RunPlan, 'metrics' | 'sources' | 'claims'>,
  artifacts: Omit<Scored<Ref>, 'family' | 'metrics' | 'encoders' | 'claims' | 'lossOn'>,
): Scored<Ref> {
  const encoders = encodersOf(metrics).flatMap((name): [string, string][] => {
    const source = encoderSource(name, sources);
    return source === undefined ? [] : [[name, source]];
  });
  const { training, ...others } = artifacts;
  const about = claims.filter(({ source }) => encoders.some(([, of]) => of === source));
  return {
    family: member.family,
    metrics,
    ...(encoders.length > 0 && { encoders: Object.fromEntries(encoders) }),
    ...(about.length > 0 && { claims: about }),
    ...others,
    ...(training !== undefined && metrics.some(({ settings }) => isOfTraining(settings)) && { training }),
    lossOn: member.family === 'language-model' ? member.training.lossOn : undefined,
  };
}
