/** Perplexity of model t on a test set that holds as much of what models wrote as its training set. */
import { MIXED_UNDER_SELF, TEST_UNDER_SELF } from './likelihoods.js';
import { tableOf } from './input.js';
import { perplexityOfBatches } from './perplexities.js';
import { perplexity } from './perplexity.js';
import { tableName, type Evaluation } from './types.js';

/**
 * The perplexities of the same names on the real test set, on the mixed one (a member's `mixes: [train, test]`): drawn from the real test
 * records and from what was written after their prompts as the training set is from its own; in generation 0 the real one. It falls while
 * models learn to predict each other, so a fall says nothing of the real text. Defined for members that mix their test set alone.
 * Source: Stein's thesis, tables 4.1 to 4.4: exp of eval_loss, which is `mixed-test/exp-mean-batch` with 8 records a batch.
 */
function onMixed(clean: Evaluation, summary: string): Evaluation {
  const variant = (name: string): string => name.replace(/^real-test/, 'mixed-test');
  return {
    ...clean,
    variant: variant(clean.variant),
    version: 1,
    usual: false,
    summary,
    needs: { observations: [MIXED_UNDER_SELF] },
    ...(clean.headline && { headline: clean.headline.map(variant) }),
    compute(input, settings) {
      const tables = { [tableName(TEST_UNDER_SELF)]: tableOf(input, MIXED_UNDER_SELF) };
      return clean.compute.call(this, { ...input, tables }, settings);
    },
  };
}

export const mixedPerplexities: readonly Evaluation[] = [
  onMixed(
    perplexity,
    'Perplexity of model t on the test records mixed as its training set is: over all tokens and without the end tokens; from 1.',
  ),
  onMixed(
    perplexityOfBatches,
    'Perplexity of model t on the test records mixed as its training set is, as exp of the mean over batches (eval_loss).',
  ),
];
