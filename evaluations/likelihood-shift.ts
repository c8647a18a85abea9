/** How model 0, which knows only real text, tells what was written from real text: mass moves to what is likely, and a tail grows. */
import { countInto, linearEdges } from './histogram.js';
import {
  chiSquareDistance,
  energyOfNumbers,
  hellinger,
  jsDivergence,
  klDivergence,
  ksStatistic,
  overlap,
  wasserstein1,
  wasserstein2,
} from './distances.js';
import { WRITTEN_UNDER_FIRST, likelihoodsOf, meanNll } from './likelihoods.js';
import { rowsOf } from './rows.js';
import { z } from 'zod';
import { quantile } from '../statistics/summary.js';
import type { Evaluation, EvaluationInput, ObservationRef } from './types.js';

const TEST_UNDER_FIRST: ObservationRef = { observation: 'likelihood', of: 'test', under: 'first' };

/** Mean nats a token of each record, ascending. */
function logsOf(input: EvaluationInput, need: ObservationRef): number[] {
  return likelihoodsOf(input, need)
    .filter(({ tokenCount }) => tokenCount > 0)
    .map((likelihood) => meanNll([likelihood]).mean)
    .sort((a, b) => a - b);
}

/**
 * 1-D Wasserstein distance, in nats, of the log perplexities under model 0 of what model t wrote from those of the real test records;
 * `…/median`: median of the written ones less that of the real ones (negative: mass has moved to what is likely); `…/above-q99`: share of
 * written records less likely than all but a hundredth of the real ones (above .01: a tail has grown); `…/below-q01`; `…/ks`: the largest
 * difference of the distribution functions; `…/overlap`, `…/jensen-shannon` (nats), `…/hellinger`, `…/chi-square` and
 * `…/kl-written-from-real` (nats; none where a bin has written records alone) of histograms over `bins` equal bins from the least to the
 * greatest of both, the last one closed; `…/wasserstein-2` (nats), `…/energy` (the root of nats). n: written records. Source: Shumailov et al., Nature 631:755 (2024), figure 1 left.
 */
export const likelihoodShift: Evaluation = {
  name: 'likelihood-shift',
  variant: 'real-test/under-model-0',
  version: 2,
  summary:
    'How far the log perplexities under model 0 of written records lie from those of real test records: Wasserstein distance in nats, shift of the median, shares beyond the real tails.',
  usual: false,
  of: 'texts',
  group: 'tail',
  needs: { observations: [WRITTEN_UNDER_FIRST, TEST_UNDER_FIRST] },
  settings: z.strictObject({ bins: z.int().min(1).max(10_000).default(20).describe('Of the histograms.') }),
  subject: 'generated',
  compute(input, settings) {
    const [written, real] = [logsOf(input, WRITTEN_UNDER_FIRST), logsOf(input, TEST_UNDER_FIRST)];
    const n = written.length;
    if (n === 0 || real.length === 0) return [];
    const share = (keep: (value: number) => boolean): number => written.filter(keep).length / n;
    const [q01, q99] = [quantile(real, 0.01), quantile(real, 0.99)];
    const edges = linearEdges(
      Math.min(written[0], real[0]),
      Math.max(written[n - 1], real[real.length - 1]),
      Number(settings.bins),
    );
    const [p, q] = [written, real].map((values) => countInto(edges, values, { closed: true }).counts);
    const kl = klDivergence(p, q);
    const row = rowsOf(this, settings);
    return [
      row(wasserstein1(written, real), n),
      row(quantile(written, 0.5) - quantile(real, 0.5), n, 'median'),
      row(
        share((value) => value > q99),
        n,
        'above-q99',
      ),
      row(
        share((value) => value < q01),
        n,
        'below-q01',
      ),
      row(ksStatistic(written, real), n, 'ks'),
      row(overlap(p, q), n, 'overlap'),
      row(jsDivergence(p, q), n, 'jensen-shannon'),
      row(hellinger(p, q), n, 'hellinger'),
      row(chiSquareDistance(p, q), n, 'chi-square'),
      ...(Number.isFinite(kl) ? [row(kl, n, 'kl-written-from-real')] : []),
      row(wasserstein2(written, real), n, 'wasserstein-2'),
      row(energyOfNumbers(written, real), n, 'energy'),
    ];
  },
};
