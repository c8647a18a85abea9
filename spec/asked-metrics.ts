/** Metrics that are asked for after the fact, in the words that a file's `metrics` has. */
import { parse } from 'yaml';
import { z } from 'zod';
import { HabsburgError } from '../common/errors.js';
import { checkMetrics } from './check.js';
import { ordered, metricPlans } from './metric-plans.js';
import { IMAGE_METRIC_NAMES, TEXT_METRIC_NAMES } from './metrics.js';
import type { ExperimentPlan, MetricPlan } from './plan.js';
import { explain, type Problem } from './problems.js';
import { metricSchema } from './schema.js';

/**
 * A plan's metrics and those of a text: "rep, {name: coverage, settings: {tokens: 1000}}".
 * @throws HabsburgError 'invalid' for what is no metric of such data, saying what was meant
 */
export function withMetrics({ data, metrics }: Pick<ExperimentPlan, 'data' | 'metrics'>, text: string): MetricPlan[] {
  const names = data.kind === 'images' ? IMAGE_METRIC_NAMES : TEXT_METRIC_NAMES;
  const schema = z.array(metricSchema(names)).min(1);
  let raw: unknown;
  try {
    raw = parse(`[${text}]`);
  } catch {
    throw new HabsburgError('invalid', `--metrics ${text}: give names with commas between them, such as rep,coverage`);
  }
  const parsed = schema.safeParse(raw);
  const problems: Problem[] = parsed.success
    ? checkMetrics(data, parsed.data)
    : parsed.error.issues.flatMap((issue) => explain(issue, raw, schema));
  const asked = parsed.success ? metricPlans(parsed.data, [], problems) : [];
  if (problems.length > 0) {
    const told = problems.map(({ message, suggestion }) => `${message}${suggestion === undefined ? '' : `; ${suggestion}`}`);
    throw new HabsburgError('invalid', `--metrics ${text}: ${told.join(', and ')}`);
  }
  return ordered([...metrics, ...asked]);
}
