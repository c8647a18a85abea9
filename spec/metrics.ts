/** The metrics that an experiment file may name: those that evaluations/ has, with their variants and settings. */
import { evaluations } from '../evaluations/index.js';
import type { Evaluation } from '../evaluations/types.js';

const byName = new Map(evaluations.map((evaluation) => [evaluation.name, evaluation]));

const namesOf = (of: Evaluation['of']): [string, ...string[]] =>
  evaluations.filter((evaluation) => evaluation.of === of).map(({ name }) => name) as [string, ...string[]];

/** Those that an experiment with texts may name, and with images. */
export const TEXT_METRIC_NAMES = namesOf('texts');
export const IMAGE_METRIC_NAMES = namesOf('images');

/** The evaluation behind a name that the schema has let pass. */
export function metricNamed(name: string): Evaluation {
  const evaluation = byName.get(name);
  if (evaluation === undefined) throw new Error(`internal: no metric ${name}`);
  return evaluation;
}

/** Whether it compares with the true distribution, which only a synthetic language has. */
export function needsTruth(name: string): boolean {
  return metricNamed(name).needs.truth === true;
}
