/** What is scored of a member's generation. Pure: the chain's workflow says so, and so does who scores it later, from documents. */
import type { ScoreInput } from '../activities/types.js';
import type { AnyMixedMember, MetricPlan } from './plan.js';

/** Under which name a run's document keeps what a member started from. */
export const inputName = (members: number, member: string, role: string): string => (members > 1 ? `${member}/${role}` : role);

type Artifacts = Pick<ScoreInput, 'model' | 'generated' | 'prompts' | 'real' | 'test' | 'first' | 'truth'>;

export function scoredOf(
  member: AnyMixedMember,
  metrics: readonly MetricPlan[],
  { model, generated, prompts, real, test, first, truth }: Artifacts,
): Omit<ScoreInput, 'place'> {
  return {
    family: member.family,
    metrics,
    model,
    generated,
    prompts,
    real,
    test,
    first,
    truth,
    lossOn: member.family === 'language-model' ? member.training.lossOn : undefined,
  };
}
