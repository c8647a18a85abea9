/**
 * The documents in which an experiment's results are kept: its plan, an index of each run, and the scores of each generation.
 * Steps write them, reports read them; the schemas are strict about shape, so that a damaged document is named, not drawn.
 */
import { z } from 'zod';
import type { Digest } from '../common/canonical.js';
import type { AnyExperimentPlan } from './plan.js';

export const PLAN_SCHEMA = 'habsburg.plan/v1';
export const RUN_SCHEMA = 'habsburg.run/v1';
export const SCORES_SCHEMA = 'habsburg.scores/v1';

/** The file inside a `scores` artifact. */
export const SCORES_FILE = 'scores.json';

/** Every experiment's documents have names that start with this. */
export const EXPERIMENTS_PREFIX = 'experiments/';

/** Name of an experiment's plan document. */
export function planName(experiment: string): string {
  return `${EXPERIMENTS_PREFIX}${experiment}/plan`;
}

/** Names of an experiment's run indexes start with this. */
export function runsPrefix(experiment: string): string {
  return `${EXPERIMENTS_PREFIX}${experiment}/runs/`;
}

/** Name of a run's index; the run's id is `<condition>/seed-<seed>`, or `<condition>/seeds-<first>-<last>` of a block. */
export function runName(experiment: string, run: string): string {
  return `${runsPrefix(experiment)}${run}`;
}

const digest = z.custom<Digest>(
  (value) => typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value),
  'expected sha256: and 64 hex digits',
);
const count = z.number().int().nonnegative();
const scalar = z.union([z.string(), z.number(), z.boolean()]);

const artifactRef = z.object({ kind: z.enum(['dataset', 'model', 'tokenizer', 'scores', 'truth']), digest, size: count });

/** `experiments/<experiment>/plan`; `digest` names the part of the plan that determines results. */
export const planDocument = z.object({
  schema: z.literal(PLAN_SCHEMA),
  plan: z.custom<AnyExperimentPlan>(
    (value) => typeof value === 'object' && value !== null && Array.isArray((value as AnyExperimentPlan).conditions),
    'expected a plan',
  ),
  digest,
});
export type PlanDocument = z.infer<typeof planDocument>;

/** One step of one generation: its key, whether its result was there already, and the job's small numbers. */
const stepIndex = z.object({ key: digest, cached: z.boolean(), report: z.record(z.string(), z.union([scalar, z.null()])) });
export type StepIndex = z.infer<typeof stepIndex>;

/** What one member left in one generation; an artifact is absent until its step is done. */
const memberIndex = z.object({
  model: artifactRef.optional(),
  /** the training set */
  dataset: artifactRef.optional(),
  /** what the model wrote */
  generated: artifactRef.optional(),
  scores: artifactRef.optional(),
  /** values of many seeds over many generations, in place of `scores` */
  series: artifactRef.optional(),
  /** by step name: sample, finetune, generate, postprocess, score */
  steps: z.record(z.string(), stepIndex),
});
export type MemberIndex = z.infer<typeof memberIndex>;

/** `generation`: of a step that covers several, the first. */
const generationIndex = z.object({ generation: count, members: z.record(z.string(), memberIndex) });
export type GenerationIndex = z.infer<typeof generationIndex>;

/** `experiments/<experiment>/runs/<condition>/seed-<n>` */
export const runDocument = z.object({
  schema: z.literal(RUN_SCHEMA),
  experiment: z.string(),
  run: z.string(),
  condition: z.string(),
  /** of a block, the first */
  seed: z.number().int(),
  /** of a block of chains: all its seeds */
  seeds: z.array(z.number().int()).optional(),
  status: z.enum(['running', 'done', 'failed', 'canceled']),
  /** one sentence, where the status is `failed` */
  failure: z.string().optional(),
  generationsDone: count,
  /** what the run started from, by role: tokenizer, train, valid, test, truth */
  inputs: z.record(z.string(), artifactRef).optional(),
  /** what computed it, by name: habsburg (code version), engine (fingerprint) … */
  versions: z.record(z.string(), z.string()).optional(),
  generations: z.array(generationIndex),
});
export type RunIndex = z.infer<typeof runDocument>;

const scoreValue = z.object({
  metric: z.string(),
  variant: z.string(),
  version: z.number().int(),
  value: z.number(),
  n: z.number(),
  settings: z.record(z.string(), scalar),
  /** digest of the artifact that was measured */
  subject: z.string(),
});

/** Counts between increasing edges: bin i holds the values in [edges[i], edges[i + 1]); `below` and `above` lie outside. */
const histogram = z
  .object({
    name: z.string(),
    edges: z.array(z.number()),
    counts: z.array(count),
    below: count.optional(),
    above: count.optional(),
    n: count,
  })
  .refine((h) => h.edges.length === h.counts.length + 1, 'a histogram has one edge more than counts')
  .refine((h) => h.edges.every((edge, i) => i === 0 || edge > h.edges[i - 1]), 'histogram edges must increase');
export type Histogram = z.infer<typeof histogram>;

/** A prompt and what the model wrote after it; `record` is the id of the generated record. */
const sample = z.object({ prompt: z.string(), text: z.string(), record: z.string() });
export type Sample = z.infer<typeof sample>;

/** Grey images of one size that a model wrote: `pixels` is base64 of (count, height, width) bytes, row by row. */
const pictures = z
  .object({ count, height: count, width: count, pixels: z.string() })
  .refine(
    (p) => Buffer.byteLength(p.pixels, 'base64') === p.count * p.height * p.width,
    'pictures have other sizes than they say',
  );
export type Pictures = z.infer<typeof pictures>;

/** `scores.json` of a `scores` artifact. */
export const scoresDocument = z.object({
  schema: z.literal(SCORES_SCHEMA),
  values: z.array(scoreValue),
  histograms: z.array(histogram),
  samples: z.array(sample),
  /** in place of samples, where images are written */
  pictures: pictures.optional(),
});
export type ScoresDocument = z.infer<typeof scoresDocument>;

/** The file inside a `scores` artifact that covers many seeds and generations. */
export const SERIES_FILE = 'series.json';
export const SERIES_SCHEMA = 'habsburg.series/v1';

/** `series.json`: each measure's value for each generation and seed; null where it is not defined. */
export const seriesDocument = z.object({
  schema: z.literal(SERIES_SCHEMA),
  seeds: z.array(z.number().int()),
  generations: z.array(count),
  /** training records of each generation */
  n: z.array(count),
  measures: z.array(z.object({ metric: z.string(), variant: z.string(), version: z.number().int() })),
  /** [measure][generation][seed] */
  values: z.array(z.array(z.array(z.number().nullable()))),
});
export type SeriesDocument = z.infer<typeof seriesDocument>;

/** The histogram of Nature's figure 1: perplexity of each generated sequence under model 0. */
export const SEQUENCE_PERPLEXITY = 'sequence-perplexity';

/** The figure of latents: the numbers of the codes that the encoder of generation 0 gives written images. */
export const LATENT_STD = 'latent-std';
