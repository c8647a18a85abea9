/** Perplexity on the real test set with another context than a record's own tokens, or over others than those that training counts. */
import { z } from 'zod';
import { TEST_UNDER_SELF, likelihoodsOf } from './likelihoods.js';
import { overTokens } from './perplexity.js';
import { NONE } from './settings.js';
import type { Evaluation, ObservationRef, Settings } from './types.js';

interface Context {
  readonly variant: string;
  readonly summary: string;
  readonly settings: Evaluation['settings'];
  readonly asked: (settings: Settings) => Settings;
}

function perplexityOf({ asked, ...said }: Context): Evaluation {
  const need: ObservationRef = { ...TEST_UNDER_SELF, asked };
  return {
    ...said,
    name: 'perplexity',
    group: 'real',
    version: 1,
    higherIsBetter: false,
    usual: false,
    of: 'texts',
    needs: { observations: [need] },
    subject: 'model',
    compute(input, settings) {
      return overTokens(this, likelihoodsOf(input, need), settings);
    },
  };
}

/**
 * exp of the mean nats a token of the real test text, read through a window of `window` tokens that moves by `stride`: a token counts once, with
 * at least `window - stride` tokens before it, wherever records were cut. Records with a template's prompt are texts of their own.
 * `…/without-end-token` as of exp-mean-token. n: tokens that count, all but the first. Source: transformers' documentation, "Perplexity of
 * fixed-length models"; its weights of windows are off by one token each, here every token weighs the same.
 */
export const perplexityOfWindows = perplexityOf({
  variant: 'real-test/sliding-window',
  summary:
    'Perplexity of model t on the real test text through a window that slides over it (strided): every token once, with the longest context; from 1, lower is better.',
  settings: z
    .strictObject({
      window: z
        .int()
        .min(2)
        .max(1e6)
        .default(1024)
        .describe('Tokens that the model sees at once, or as many as it reads where these are fewer.'),
      stride: z.int().min(0).max(1e6).default(0).describe('Tokens by which the window moves; 0: half of it.'),
    })
    .refine(({ window, stride }) => stride <= window, { path: ['stride'], error: 'must be at most window' }),
  asked: ({ window, stride }) => ({ window, ...(stride !== 0 && { stride }) }),
});

/**
 * The same over the tokens behind what a record begins with, whatever `lossOn` training has: with a template the answer's, and of every record
 * none of the first `prefix`. n: those tokens. What a model is given, it does not write.
 */
export const perplexityMasked = perplexityOf({
  variant: 'real-test/prompt-masked',
  summary:
    'Perplexity of model t on the real test records over answers alone, or over what comes behind the first `prefix` tokens; from 1, lower is better.',
  settings: z.strictObject({
    prefix: z.int().min(0).max(1e6).default(0).describe('Tokens at the start of a record that are context alone.'),
  }),
  asked: ({ prefix }) => ({ lossOn: 'answer', ...(prefix !== 0 && { prefix }) }),
});

/** The same over all tokens of a record, a template's prompt too, whatever `lossOn` training has. n: those tokens. Source: Stein, thesis code. */
export const perplexityUnmasked = perplexityOf({
  variant: 'real-test/prompt-and-answer',
  summary:
    'Perplexity of model t on the real test records over all tokens, those of prompts too, whatever training counts; from 1, lower is better.',
  settings: NONE,
  asked: () => ({ lossOn: 'all' }),
});
