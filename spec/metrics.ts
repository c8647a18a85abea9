/** The metrics an experiment file may name, with their variants and settings. metrics/ holds the functions behind the names. */
import { z } from 'zod';

const tokens = z
  .int()
  .min(0)
  .max(1e9)
  .default(50_000)
  .describe('Count over the first so many written tokens, so that sizes are equal; 0: all.');
const words = z
  .int()
  .min(1)
  .max(1e9)
  .default(10_000)
  .describe('Count over the first so many whole written words, so that sizes are equal.');

const images = z
  .int()
  .min(0)
  .max(1e9)
  .default(0)
  .describe('Codes of the first so many written images; 0: of all. The paper takes 100.');

interface MetricWord {
  readonly variant: string;
  readonly settings: z.ZodObject<Record<string, z.ZodDefault>>;
  /** needs a synthetic language, whose true distribution is known */
  readonly truth?: true;
  /** measures images; the others measure texts */
  readonly images?: true;
}

/** name -> its variant and its settings with defaults */
export const METRIC_WORDS = {
  perplexity: { variant: 'real-test/exp-mean-token', settings: z.strictObject({}) },
  'sequence-perplexity': { variant: 'under-model-0', settings: z.strictObject({}) },
  'distinct-1': { variant: 'tokens/in-record', settings: z.strictObject({ tokens }) },
  'distinct-2': { variant: 'tokens/in-record', settings: z.strictObject({ tokens }) },
  'distinct-3': { variant: 'tokens/in-record', settings: z.strictObject({ tokens }) },
  coverage: { variant: 'of-real-token-types', settings: z.strictObject({ tokens }) },
  rep: {
    variant: 'mean-over-records',
    settings: z.strictObject({ order: z.int().min(1).max(16).default(4).describe('n of the n-grams: rep-n.') }),
  },
  'distinct-blocks': { variant: 'share-of-records', settings: z.strictObject({}) },
  'tail-lost': {
    variant: 'truth/share-of-tail-words',
    settings: z.strictObject({
      words,
      mass: z
        .number()
        .gt(0)
        .lt(1)
        .default(0.05)
        .describe('The tail: the rarest words that together have at most this probability.'),
    }),
    truth: true,
  },
  'kl-to-truth': { variant: 'written-from-truth/plug-in', settings: z.strictObject({ words }), truth: true },
  'latent-std': { variant: 'encoder-0/pooled', settings: z.strictObject({ images }), images: true },
  'latent-mean': { variant: 'encoder-0/pooled', settings: z.strictObject({ images }), images: true },
  'latent-covariance': { variant: 'encoder-0', settings: z.strictObject({ images }), images: true },
  elbo: { variant: 'real-test/one-code', settings: z.strictObject({}), images: true },
} as const satisfies Record<string, MetricWord>;

export type MetricName = keyof typeof METRIC_WORDS;

export const METRIC_NAMES = Object.keys(METRIC_WORDS) as MetricName[];

/** Those that an experiment with images may name, and with text. */
export const IMAGE_METRIC_NAMES = METRIC_NAMES.filter((name) => 'images' in METRIC_WORDS[name]);
export const TEXT_METRIC_NAMES = METRIC_NAMES.filter((name) => !('images' in METRIC_WORDS[name]));

/** Settings as they are where a file says nothing. */
export function metricDefaults(name: MetricName): Readonly<Record<string, string | number | boolean>> {
  return METRIC_WORDS[name].settings.parse({});
}
