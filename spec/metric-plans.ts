/** Metrics as a file names them, with all their settings. */
import { z } from 'zod';
import { MODEL_SOURCE } from '../common/model-source.js';
import { evaluations } from '../evaluations/index.js';
import { sizeProblem, sizeSchema, sizeSettings, type Size } from '../evaluations/size.js';
import { TRAINING, trainingProblem, trainingSettings } from '../evaluations/training.js';
import { defaultsOf } from '../evaluations/types.js';
import { metricNamed } from './metrics.js';
import type { MetricPlan } from './plan.js';
import { metricKey } from './metric-key.js';
import { explain, type Problem } from './problems.js';

/** The sentence encoder of metrics of meaning. */
export const encoderSchema = z.string().regex(MODEL_SOURCE, 'must be file:FOLDER or hf://OWNER/NAME@REVISION');

/** What may be measured, of some of the metrics. */
export const metricSchema = (names: readonly [string, ...string[]]) =>
  z
    .union([
      z.enum(names),
      z.strictObject({
        name: z.enum(names),
        variant: z.string().optional(),
        settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
        size: sizeSchema.optional(),
        of: z.literal(TRAINING).optional().describe('Of what the model learnt from, in place of what it wrote.'),
      }),
    ])
    .describe('A name, or {name, variant, settings, size, of}. `habsburg metrics` lists them.');

export type MetricDocument = z.output<ReturnType<typeof metricSchema>>;

/** @param every where the file names none @param encoder that the file names. Adds unknown or ill-typed settings to `problems`. */
export function metricPlans(
  metrics: readonly MetricDocument[] | undefined,
  every: readonly string[],
  problems: Problem[],
  encoder?: string,
): MetricPlan[] {
  const plans = (metrics ?? every).map((metric, i) => {
    if (typeof metric === 'string') return metricPlan(metric);
    const schema = metricNamed(metric.name, metric.variant).settings;
    const parsed = schema.safeParse(metric.settings);
    if (parsed.success) {
      const plan = metricPlan(metric.name, metric.variant, parsed.data as MetricPlan['settings']);
      const sized = metric.size === undefined ? plan : atSize(plan, metric.size, i, problems);
      return metric.of === undefined ? sized : ofTraining(sized, i, problems);
    }
    problems.push(
      ...parsed.error.issues
        .flatMap((issue) => explain(issue, metric.settings, schema))
        .map((p) => ({ ...p, path: ['metrics', i, 'settings', ...p.path] })),
    );
    return metricPlan(metric.name, metric.variant);
  });
  return ordered(plans.map((plan, i) => withEncoder(plan, i, encoder, problems)));
}

function atSize(plan: MetricPlan, size: Size, i: number, problems: Problem[]): MetricPlan {
  const message = sizeProblem(metricNamed(plan.name, plan.variant), plan.settings, size);
  if (message !== undefined) problems.push({ path: ['metrics', i, 'size'], message });
  return { ...plan, settings: { ...plan.settings, ...sizeSettings(size) } };
}

function ofTraining(plan: MetricPlan, i: number, problems: Problem[]): MetricPlan {
  const message = trainingProblem(metricNamed(plan.name, plan.variant));
  if (message !== undefined) problems.push({ path: ['metrics', i, 'of'], message, suggestion: 'remove it' });
  return { ...plan, settings: { ...plan.settings, ...trainingSettings } };
}

/** One that reads vectors of texts has its own encoder, or the file's. */
function withEncoder(plan: MetricPlan, i: number, common: string | undefined, problems: Problem[]): MetricPlan {
  const own = plan.settings.encoder;
  if (own === undefined) return plan;
  const encoder = own === '' ? common : own;
  if (encoder === undefined)
    problems.push({
      path: ['metrics', i],
      message: `${plan.name} reads vectors of texts, which a sentence encoder makes`,
      suggestion: 'add encoder: hf://sentence-transformers/all-MiniLM-L6-v2@main, or encoder: file:FOLDER of one that lies here',
    });
  else if (!encoderSchema.safeParse(encoder).success)
    problems.push({
      path: ['metrics', i, 'settings', 'encoder'],
      message: `${JSON.stringify(encoder)} is no encoder`,
      suggestion: 'write file:FOLDER or hf://OWNER/NAME@REVISION',
    });
  return { ...plan, settings: { ...plan.settings, encoder: encoder ?? '' } };
}

function metricPlan(name: string, asked?: string, settings?: MetricPlan['settings']): MetricPlan {
  const evaluation = metricNamed(name, asked);
  return { name, variant: evaluation.variant, settings: settings ?? defaultsOf(evaluation) };
}

const place = new Map(evaluations.map(({ name, variant }, index) => [`${name} ${variant}`, index]));

/** Each metric once, in the order of `habsburg metrics`: in which order they are asked for changes nothing. */
export function ordered(metrics: readonly MetricPlan[]): MetricPlan[] {
  const by = new Map(metrics.map((metric) => [metricKey(metric), metric]));
  return [...by].sort(([a, one], [b, other]) => rank(one) - rank(other) || (a < b ? -1 : 1)).map(([, metric]) => metric);
}

const rank = ({ name, variant }: MetricPlan): number => place.get(`${name} ${variant}`) ?? place.size;
