/**
 * A metric of written texts, of the training set in place of what the model wrote: what it learnt from, human and written records
 * together. Any metric that reads written texts, or a table of them, can be so asked, and none knows of it.
 */
import type { Evaluation, RecordsRole, ScoreValue, Settings } from './types.js';

/** What a file says: `of: training`. It stands among the settings of a plan and of a value; of written texts there is nothing. */
export const TRAINING = 'training';
const SETTING = 'of';

export const trainingSettings: Settings = { [SETTING]: TRAINING };

export const isOfTraining = (settings: Settings): boolean => settings[SETTING] === TRAINING;

/** The last part of the variant of its values. */
const PART = 'of-training';

export const isTrainingVariant = (variant: string): boolean => variant.endsWith(`/${PART}`);

/** Values by a name of their own, so that a claim or a table can ask for them. */
export const trainingValues = (values: readonly ScoreValue[]): ScoreValue[] =>
  values.map((value) => ({ ...value, variant: `${value.variant}/${PART}` }));

/** The records that a metric with these settings looks at where it says `role`. */
export const roleOf = (role: RecordsRole, settings: Settings): RecordsRole =>
  role === 'generated' && isOfTraining(settings) ? TRAINING : role;

/** Why a metric cannot be one of a training set; undefined where it can. */
export function trainingProblem({ name, of, needs }: Pick<Evaluation, 'name' | 'of' | 'needs'>): string | undefined {
  if (needs.references || needs.records?.includes('prompts'))
    return `${name} compares texts with how their prompts go on, and a training set has texts without prompts`;
  const written = needs.records?.includes('generated') || needs.observations?.some((need) => need.of === 'generated');
  if (of === 'texts' && written) return undefined;
  return `${name} does not measure written texts, so there is none of a training set`;
}
