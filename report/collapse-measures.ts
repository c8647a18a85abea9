/** Which metric a definition of collapse is read off: the first of these that a condition has, or the one that was asked for. */
import { evaluations } from '../evaluations/index.js';
import type { ExperimentPlan } from '../spec/plan.js';
import { leadMeasure } from './finding.js';
import type { Measure, Series, Summary } from './summary.js';

export type Role = 'risk' | 'variance' | 'tail' | 'distance';

/** A metric by role, NAME, NAME/VARIANT or a column's heading. */
export type Used = Readonly<Partial<Record<Role, string>>>;

export interface Watched {
  readonly measure: Measure;
  /** which way it goes as a model collapses */
  readonly worse: 'up' | 'down';
}

/** In order of preference. Population risk is what real data cost a model, or how far its parameters lie from the truth. */
export const CANDIDATES: Readonly<Record<Role, readonly (readonly [metric: string, worse: Watched['worse']])[]>> = {
  risk: [['perplexity', 'up'], ['negative-log-likelihood', 'up'], ['test-error', 'up'], ['elbo', 'down'], ['squared-error', 'up']], // prettier-ignore
  variance: [['variance', 'down'], ['spread', 'down'], ['latent-covariance', 'down'], ['d-sem', 'down'], ['token-entropy', 'down'], ['distinct-2', 'down']], // prettier-ignore
  tail: [
    ['tail-lost', 'up'],
    ['word-tail', 'down'],
    ['survival', 'down'],
    ['coverage', 'down'],
  ],
  distance: [['wasserstein-2', 'up'], ['l2-distance', 'up'], ['kl-to-truth', 'up'], ['mauve', 'down'], ['frechet', 'up'], ['mmd', 'up'], ['energy-distance', 'up'], ['likelihood-shift', 'up'], ['word-divergence', 'up']], // prettier-ignore
};

export const ROLES = Object.keys(CANDIDATES) as Role[];

/** What stands for a role in a series, or a sentence about what would. */
export function measureFor(
  summary: Summary,
  plan: ExperimentPlan | undefined,
  role: Role,
  series: Series,
  used: Used = {},
): (Watched & { readonly series: Series }) | string {
  const there = summary.measures.filter(({ key }) => series.points.has(key));
  const asked = used[role];
  if (asked !== undefined) {
    const measure = there.find((one) => [one.metric, `${one.metric}/${one.variant}`, one.label].includes(asked));
    return measure ? { measure, worse: worseOf(role, measure.metric), series } : `there is no ${asked}`;
  }
  const lead = role === 'risk' ? leadMeasure({ ...summary, measures: there }, plan) : undefined;
  if (lead?.metric === 'perplexity') return { measure: lead, worse: 'up', series };
  for (const [metric, worse] of CANDIDATES[role]) {
    const measure = there.find((one) => one.metric === metric);
    if (measure) return { measure, worse, series };
  }
  return `it is read off ${CANDIDATES[role].map(([metric]) => metric).join(', ')}, or --use ${role}=METRIC`;
}

function worseOf(role: Role, metric: string): Watched['worse'] {
  const known = CANDIDATES[role].find(([name]) => name === metric);
  if (known) return known[1];
  const higher = evaluations.find(({ name }) => name === metric)?.higherIsBetter;
  if (higher !== undefined) return higher ? 'down' : 'up';
  return role === 'risk' || role === 'distance' ? 'up' : 'down';
}
