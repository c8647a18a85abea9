/** Metrics that are asked for after the fact, in the words that a file's `metrics` has. */
import { parse } from 'yaml';
import { z } from 'zod';
import { HabsburgError } from '../common/errors.js';
import { KINDS } from '../kinds/index.js';
import { checkTruth } from '../kinds/text/check.js';
import { checkMixedMetric, checkVariant } from './check.js';
import { metricPlans, metricSchema, ordered } from './metric-plans.js';
import { metricNamesOf } from './metrics.js';
import type { ExperimentPlan, MetricPlan } from './plan.js';
import { explain, type Problem } from './problems.js';

/**
 * A plan's metrics and those of a text: "rep, {name: coverage, settings: {tokens: 1000}}".
 * @param encoder of those that read vectors and name none
 * @throws HabsburgError 'invalid' for what is no metric of such data, saying what was meant
 */
export function withMetrics(
  { data, metrics, conditions }: Pick<ExperimentPlan, 'data' | 'metrics' | 'conditions'>,
  text: string,
  encoder?: string,
): MetricPlan[] {
  const names = KINDS.filter(({ name }) => Object.hasOwn(data, name)).flatMap(({ writes }) =>
    writes === undefined ? [] : metricNamesOf(writes),
  ) as [string, ...string[]];
  const schema = z.array(metricSchema(names)).min(1);
  let raw: unknown;
  try {
    raw = parse(`[${text}]`);
  } catch {
    throw new HabsburgError('invalid', `--metrics ${text}: give names with commas between them, such as rep,coverage`);
  }
  const parsed = schema.safeParse(raw);
  const problems: Problem[] = parsed.success
    ? parsed.data.flatMap((metric, i) => [
        ...(data.text ? checkTruth(data.text, metric, [i]) : []),
        ...checkVariant(metric, [i]),
        ...checkMixedMetric(metric, conditions, [i]),
      ])
    : parsed.error.issues.flatMap((issue) => explain(issue, raw, schema));
  const asked = parsed.success ? metricPlans(parsed.data, [], problems, encoder) : [];
  if (problems.length > 0) {
    const told = problems.map(({ message, suggestion }) => `${message}${suggestion === undefined ? '' : `; ${suggestion}`}`);
    throw new HabsburgError('invalid', `--metrics ${text}: ${told.join(', and ')}`);
  }
  return ordered([...metrics, ...asked]);
}
