/** What a `scores` artifact holds. The schemas are strict about shape, so that a damaged file is named, not drawn. */
import { z } from 'zod';
import type { Pictures, Sample } from '../evaluations/types.js';

export const SCORES_SCHEMA = 'habsburg.scores/v1';

/** The file inside a `scores` artifact. */
export const SCORES_FILE = 'scores.json';

const count = z.number().int().nonnegative();
const scalar = z.union([z.string(), z.number(), z.boolean()]);

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

const sample: z.ZodType<Sample> = z.object({ prompt: z.string(), text: z.string(), record: z.string() });

const pictures: z.ZodType<Pictures> = z
  .object({ count, height: count, width: count, pixels: z.string() })
  .refine(
    (p) => Buffer.byteLength(p.pixels, 'base64') === p.count * p.height * p.width,
    'pictures have other sizes than they say',
  );

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
