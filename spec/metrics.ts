/** The metrics that an experiment file may name: those that evaluations/ has, with their variants and settings. */
import { evaluations } from '../evaluations/index.js';
import type { Evaluation } from '../evaluations/types.js';

const namesOf = (kept: (evaluation: Evaluation) => boolean): string[] => [
  ...new Set(evaluations.filter(kept).map(({ name }) => name)),
];

/** Those of what a kind's members write: `texts`, `images` …; and those of them that are measured where a file names none. */
export const metricNamesOf = (of: Evaluation['of']): string[] => namesOf((evaluation) => evaluation.of === of);
export const usualMetricNamesOf = (of: Evaluation['of']): string[] =>
  namesOf((evaluation) => evaluation.of === of && evaluation.usual !== false);

/** Every way in which a metric is computed, the one first that is meant where a file says no variant. */
export function variantsOf(name: string): readonly Evaluation[] {
  return evaluations.filter((evaluation) => evaluation.name === name);
}

/** The evaluation behind a name that the schema has let pass, in a variant that checkVariant has. */
export function metricNamed(name: string, variant?: string): Evaluation {
  const found = variantsOf(name);
  const evaluation = found.find((one) => one.variant === variant) ?? found[0];
  if (evaluation === undefined) throw new Error(`internal: no metric ${name}`);
  return evaluation;
}

/** Whether it compares with the true distribution, which only a synthetic language has. */
export function needsTruth(name: string): boolean {
  return metricNamed(name).needs.truth === true;
}
