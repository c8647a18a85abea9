/** Metrics as a file names them, with all their settings. */
import type { MetricDocument } from './check.js';
import { defaultsOf } from '../evaluations/types.js';
import { metricNamed } from './metrics.js';
import type { MetricPlan } from './plan.js';
import { explain, type Problem } from './problems.js';

/** @param every where the file names none. Adds unknown or ill-typed settings to `problems`. */
export function metricPlans(
  metrics: readonly MetricDocument[] | undefined,
  every: readonly string[],
  problems: Problem[],
): MetricPlan[] {
  return (metrics ?? every).map((metric, i) => {
    if (typeof metric === 'string') return metricPlan(metric);
    const schema = metricNamed(metric.name).settings;
    const parsed = schema.safeParse(metric.settings);
    if (parsed.success) return metricPlan(metric.name, parsed.data as MetricPlan['settings']);
    problems.push(
      ...parsed.error.issues
        .flatMap((issue) => explain(issue, metric.settings, schema))
        .map((p) => ({ ...p, path: ['metrics', i, 'settings', ...p.path] })),
    );
    return metricPlan(metric.name);
  });
}

function metricPlan(name: string, settings: MetricPlan['settings'] = defaultsOf(metricNamed(name))): MetricPlan {
  return { name, variant: metricNamed(name).variant, settings };
}
