/** Perplexity on the real test set, as papers average it otherwise than over all tokens. */
import { z } from 'zod';
import { TEST_UNDER_SELF, likelihoodsOf, meanNll } from './likelihoods.js';
import { rowsOf } from './rows.js';
import { NONE } from './settings.js';
import { quantile } from '../statistics/summary.js';
import type { Evaluation } from './types.js';

const common = {
  name: 'perplexity',
  version: 1,
  higherIsBetter: false,
  usual: false,
  of: 'texts',
  group: 'real',
  needs: { observations: [TEST_UNDER_SELF] },
  subject: 'model',
} as const satisfies Partial<Evaluation>;

/**
 * exp of the mean over batches of each batch's mean nats a token, batches of `batch` test records in their order, what trainers print as the
 * exponential of eval_loss: a short last batch counts as a whole one. `…/exp-sd`: exp of the batches' standard deviation (divisor n), as the code
 * of Shumailov et al. prints it. n: batches. Sources: Hugging Face's Trainer; Shumailov et al., Nature 631:755 (2024).
 */
export const perplexityOfBatches: Evaluation = {
  ...common,
  variant: 'real-test/exp-mean-batch',
  summary:
    'Perplexity of model t on the real test records as exp of the mean over batches of their mean nats a token (eval_loss).',
  settings: z.strictObject({ batch: z.int().min(1).max(1e6).default(8).describe('Records a batch.') }),
  compute(input, settings) {
    const likelihoods = likelihoodsOf(input, TEST_UNDER_SELF);
    const size = Number(settings.batch);
    const batches = Array.from({ length: Math.ceil(likelihoods.length / size) }, (_, i) =>
      meanNll(likelihoods.slice(i * size, (i + 1) * size)),
    ).filter(({ tokens }) => tokens > 0);
    const n = batches.length;
    if (n === 0) return [];
    const mean = batches.reduce((sum, batch) => sum + batch.mean, 0) / n;
    const variance = batches.reduce((sum, batch) => sum + (batch.mean - mean) ** 2, 0) / n;
    const row = rowsOf(this, settings);
    return [row(Math.exp(mean), n), row(Math.exp(Math.sqrt(variance)), n, 'exp-sd')];
  },
};

/**
 * Median over test records of each one's perplexity, exp of its mean nats a token (of an answer where `lossOn` says so); `…/mean` of them,
 * which a few records rule; `…/iqr-cleaned`: the mean of those no farther than 1.5 interquartile ranges outside the quartiles (numpy's linear
 * quantiles), its n those that are left. n: records. Source: Schaffelder & Gatt (2025), responses of Dolly's test rows.
 */
export const perplexityOfRecords: Evaluation = {
  ...common,
  variant: 'real-test/per-record',
  summary:
    'Perplexity of model t on each real test record: median, mean, and mean without outliers beyond 1.5 interquartile ranges.',
  settings: NONE,
  compute(input, settings) {
    const values = likelihoodsOf(input, TEST_UNDER_SELF)
      .filter(({ tokenCount }) => tokenCount > 0)
      .map((likelihood) => Math.exp(meanNll([likelihood]).mean))
      .sort((a, b) => a - b);
    if (values.length === 0) return [];
    const [low, high] = [quantile(values, 0.25), quantile(values, 0.75)];
    const fence = 1.5 * (high - low);
    const kept = values.filter((value) => value >= low - fence && value <= high + fence);
    const mean = (of: readonly number[]): number => of.reduce((sum, value) => sum + value, 0) / of.length;
    const row = rowsOf(this, settings);
    return [
      row(quantile(values, 0.5), values.length),
      row(mean(values), values.length, 'mean'),
      row(mean(kept), kept.length, 'iqr-cleaned'),
    ];
  },
};
