/** The registry of metrics, and what a score step calls. */
import { HabsburgError } from '../common/errors.js';
import type { MetricPlan } from '../spec/plan.js';
import { coverage } from './coverage.js';
import { distinct1, distinct2, distinct3 } from './distinct.js';
import { distinctBlocks } from './distinct-blocks.js';
import { elbo } from './elbo.js';
import { klToTruth } from './kl-to-truth.js';
import { latentCovariance } from './latent-covariance.js';
import { latentMean } from './latent-mean.js';
import { latentStd } from './latent-std.js';
import { perplexity } from './perplexity.js';
import { rep } from './rep.js';
import { sequencePerplexity } from './sequence-perplexity.js';
import { tailLost } from './tail-lost.js';
import type { Metric, ScoreSeries, ScoreValue, ScoringInput, ScoringNeed } from './types.js';

/** Every metric, in the order of tables. */
export const metrics: readonly Metric[] = [
  perplexity,
  sequencePerplexity,
  distinct1,
  distinct2,
  distinct3,
  coverage,
  rep,
  distinctBlocks,
  tailLost,
  klToTruth,
  latentStd,
  latentMean,
  latentCovariance,
  elbo,
];

const byName = new Map<string, Metric>();
for (const metric of metrics) {
  const key = `${metric.name} ${metric.variant}`;
  if (byName.has(key)) throw new Error(`internal: two metrics are called ${key}`);
  byName.set(key, metric);
}

/** Whether a short table shows this value. */
export function isHeadline({ metric, variant }: Pick<ScoreValue, 'metric' | 'variant'>): boolean {
  return metrics.some(({ name, headline }) => name === metric && headline?.includes(variant));
}

/** The metric of a name and variant. */
export function metricOf(plan: Pick<MetricPlan, 'name' | 'variant'>): Metric {
  const metric = byName.get(`${plan.name} ${plan.variant}`);
  if (metric === undefined) {
    throw new HabsburgError(
      'invalid',
      `this version has no metric ${plan.name} (${plan.variant}); habsburg metrics lists what it has`,
    );
  }
  return metric;
}

/** What a score step has to work out for these metrics, without repeats. */
export function needsOf(plan: { readonly metrics: readonly MetricPlan[] }): ScoringNeed[] {
  return [...new Set(plan.metrics.flatMap((m) => metricOf(m).needs))];
}

/** All values and series of a plan's metrics. Throws where the input lacks what a metric needs. */
export function computeMetrics(
  plan: { readonly metrics: readonly MetricPlan[] },
  input: ScoringInput,
): { values: ScoreValue[]; series: ScoreSeries[] } {
  const values: ScoreValue[] = [];
  const series: ScoreSeries[] = [];
  for (const { name, variant, settings } of plan.metrics) {
    const metric = metricOf({ name, variant });
    for (const need of metric.needs) {
      if (input[need] === undefined)
        throw new HabsburgError('failed', `internal: metric ${name} needs ${need}, which the score step did not give`);
    }
    values.push(...metric.compute(input, settings));
    series.push(...(metric.series?.(input, settings) ?? []));
  }
  return { values, series };
}
