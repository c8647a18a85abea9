/** Perplexity of model t on the real test set: does it still predict what people wrote? */
import { TEST_UNDER_SELF, likelihoodsOf, meanNll, type Likelihood } from './likelihoods.js';
import { rowsOf } from './rows.js';
import { NONE } from './settings.js';
import type { Evaluation, ScoreValue, Settings } from './types.js';

/** Of the values that leave end tokens out. */
export const WITHOUT_END_TOKEN = 'without-end-token';

/**
 * exp of the mean negative log likelihood over all predicted tokens of the real test blocks under model t, in [1, ∞).
 * n: predicted tokens (block - 1 a block). Not the mean over batches, which differs when the last batch is short.
 * Where end tokens are among the predicted ones, a second value leaves them out: decoding of a fixed length forbids them, so a model
 * that is trained on what was written never sees one again, and how badly it then predicts them says nothing of the language.
 * Source: Shumailov et al., Nature 631:755 (2024), figure 1 right.
 */
export const perplexity: Evaluation = {
  name: 'perplexity',
  variant: 'real-test/exp-mean-token',
  version: 1,
  summary:
    'Perplexity of model t on the real test blocks: exp of the mean nats a token, over all tokens and without the end tokens; from 1, lower is better.',
  higherIsBetter: false,
  of: 'texts',
  group: 'real',
  needs: { observations: [TEST_UNDER_SELF] },
  settings: NONE,
  headline: ['real-test/exp-mean-token', `real-test/exp-mean-token/${WITHOUT_END_TOKEN}`],
  subject: 'model',
  compute(input, settings) {
    return overTokens(this, likelihoodsOf(input, TEST_UNDER_SELF), settings);
  },
};

/** exp of the mean nats a token, over all and, where there are end tokens and others, without them. */
export function overTokens(evaluation: Evaluation, likelihoods: readonly Likelihood[], settings: Settings): ScoreValue[] {
  const { mean, tokens } = meanNll(likelihoods);
  if (tokens === 0) return [];
  const row = rowsOf(evaluation, settings);
  const all = row(Math.exp(mean), tokens);
  const rest = meanNll(
    likelihoods.map(({ nllSum, tokenCount, ends }) => ({
      nllSum: nllSum - ends.nllSum,
      tokenCount: tokenCount - ends.tokenCount,
    })),
  );
  if (rest.tokens === tokens || rest.tokens === 0) return [all];
  return [all, row(Math.exp(rest.mean), rest.tokens, WITHOUT_END_TOKEN)];
}
