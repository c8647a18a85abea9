/** What a metric is told from others by. Apart from spec/metrics.ts, so that workflows do not take all evaluations along. */
import { canonicalJson } from '../common/canonical.js';
import type { MetricPlan } from './plan.js';

/** Its name, variant and settings. */
export function metricKey({ name, variant, settings }: MetricPlan): string {
  return `${name} ${variant} ${canonicalJson(settings)}`;
}
