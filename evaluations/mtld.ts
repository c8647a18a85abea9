/** MTLD: how long texts stay varied, as three libraries cut it. */
import { movingMtld } from './mtld-moving.js';
import { mtld as mtldOf, type MtldForm } from './running-variety.js';
import type { Evaluation } from './types.js';
import { wordMetric } from './word-sample.js';

/** They differ most where it matters: of one word 600 times they give 9.64, 2 and 2. */
export const MTLD_FORMS = {
  /** lexical-diversity 0.1.1: at least 10 words a factor */
  'lexical-diversity': { atThreshold: false, minimum: 10, lastMayEnd: false, withoutFactor: 'zero' },
  /** lexicalrichness 0.5.1: a factor ends at .72 already; of words that never come again: their number */
  lexicalrichness: { atThreshold: true, minimum: 1, lastMayEnd: true, withoutFactor: 'length' },
  'no-minimum': { atThreshold: false, minimum: 1, lastMayEnd: true, withoutFactor: 'zero' },
} as const satisfies Record<string, MtldForm>;

const SAYS: Record<keyof typeof MTLD_FORMS, string> = {
  'lexical-diversity': 'as the lexical-diversity library has it (at least 10 words a stretch)',
  lexicalrichness: 'as the lexicalrichness library has it (a stretch ends at .72, too)',
  'no-minimum': 'without a least length of a stretch',
};

const says = (how: string): string =>
  `MTLD: mean length in words of stretches whose type-token ratio stays above .72, ${how}; higher is more diverse.`;

const variantOf = (variant: string, how: string, of: (words: Int32Array, types: number) => number | undefined): Evaluation =>
  wordMetric({
    name: 'mtld',
    variant,
    version: 1,
    summary: says(how),
    higherIsBetter: true,
    values: ({ words, types }, row) => [row(of(words, types)!, words.length)],
  });

/**
 * Mean length in words of stretches whose type-token ratio stays above .72, over the words of all texts in a row, mean of both directions.
 * n: words. Source: McCarthy and Jarvis, "MTLD, vocd-D, and HD-D" (2010); the libraries named above. From every word on: MTLD-MA,
 * lexical-diversity's mtld_ma_bid.
 */
export const mtlds: readonly Evaluation[] = [
  ...Object.entries(MTLD_FORMS).map(([variant, form]) =>
    variantOf(variant, SAYS[variant as keyof typeof SAYS], (words, types) => mtldOf(words, types, form)),
  ),
  variantOf('moving-average', 'from each word on (MTLD-MA), as the lexical-diversity library has it', movingMtld),
];
