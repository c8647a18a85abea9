/**
 * Which metrics say something of real text as if a model had written it: those that look at written texts by themselves, beside the test
 * set or beside the true distribution. It comes from the training set and there is no model, so what reads either has no value.
 */
import { isModelFree } from '../observations/index.js';
import { isOfTraining } from './training.js';
import type { Evaluation, ObservationRef, Settings } from './types.js';

/** Whether a model of the run looks: encoders are the same for all. */
const readsModel = ({ observation, under }: ObservationRef): boolean => under !== 'encoder' && !isModelFree(observation);

/** Why a metric has no value of real text; undefined where it has one. */
export function realTextProblem(
  { of, needs, subject }: Pick<Evaluation, 'of' | 'needs' | 'subject'>,
  settings: Settings,
): string | undefined {
  const { records = [], tokenTypes = [], observations = [] } = needs;
  const roles = [...records, ...tokenTypes, ...observations.map((need) => need.of)];
  if (of !== 'texts' || !(needs.references || roles.includes('generated'))) return 'it measures no written texts';
  if (isOfTraining(settings)) return 'it is of a training set, and nothing is trained';
  if (subject === 'model' || roles.includes('written0') || observations.some(readsModel))
    return 'it reads a model, and there is none';
  if (needs.references || roles.includes('prompts')) return 'it compares with how real text goes on, which this is';
  if (roles.includes('real') || roles.includes('mixed')) return 'it compares with the training set, of which this is a part';
  return undefined;
}
