/** Metrics as a file names them, with all their settings. */
import type { z } from 'zod';
import type { MetricDocument } from './check.js';
import { METRIC_WORDS, metricDefaults, type MetricName } from './metrics.js';
import type { MetricPlan } from './plan.js';
import { explain, type Problem } from './problems.js';

/** @param every where the file names none. Adds unknown or ill-typed settings to `problems`. */
export function metricPlans(
  metrics: readonly MetricDocument[] | undefined,
  every: readonly MetricName[],
  problems: Problem[],
): MetricPlan[] {
  return (metrics ?? every).map((metric, i) => {
    if (typeof metric === 'string') return metricPlan(metric, metricDefaults(metric));
    const schema: z.ZodType<Record<string, string | number | boolean>> = METRIC_WORDS[metric.name].settings;
    const parsed = schema.safeParse(metric.settings);
    if (parsed.success) return metricPlan(metric.name, parsed.data);
    problems.push(
      ...parsed.error.issues
        .flatMap((issue) => explain(issue, metric.settings, schema))
        .map((p) => ({ ...p, path: ['metrics', i, 'settings', ...p.path] })),
    );
    return metricPlan(metric.name, metricDefaults(metric.name));
  });
}

function metricPlan(name: MetricName, settings: MetricPlan['settings']): MetricPlan {
  return { name, variant: METRIC_WORDS[name].variant, settings };
}
