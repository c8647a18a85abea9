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
import { WRITTEN_0_UNDER_FIRST, WRITTEN_UNDER_FIRST, likelihoodsOf, meanNll } from './likelihoods.js';
import { rowsOf } from './rows.js';
import { z } from 'zod';
import { quantile } from '../statistics/summary.js';
import type { Evaluation, EvaluationInput, ObservationRef } from './types.js';

const TEST_UNDER_FIRST: ObservationRef = { observation: 'likelihood', of: 'test', under: 'first' };

/** Shifts of quantiles beside the median's. */
const QUANTILES = { q05: 0.05, q99: 0.99, q999: 0.999 } as const;

/** Mean nats a token of each record, ascending. */
function logsOf(input: EvaluationInput, need: ObservationRef): number[] {
  return likelihoodsOf(input, need)
    .filter(({ tokenCount }) => tokenCount > 0)
    .map((likelihood) => meanNll([likelihood]).mean)
    .sort((a, b) => a - b);
}

/** @param from the records whose log perplexities those of written records are held against */
function shift(from: ObservationRef, said: Pick<Evaluation, 'variant' | 'summary'>): Evaluation {
  return {
    ...said,
    name: 'likelihood-shift',
    group: 'tail',
    version: 2,
    usual: false,
    of: 'texts',
    needs: { observations: [WRITTEN_UNDER_FIRST, from] },
    settings: z.strictObject({ bins: z.int().min(1).max(10_000).default(20).describe('Of the histograms.') }),
    subject: 'generated',
    compute(input, settings) {
      const [written, before] = [logsOf(input, WRITTEN_UNDER_FIRST), logsOf(input, from)];
      const n = written.length;
      if (n === 0 || before.length === 0) return [];
      const moved = (q: number): number => quantile(written, q) - quantile(before, q);
      const share = (keep: (value: number) => boolean): number => written.filter(keep).length / n;
      const [q01, q99] = [quantile(before, 0.01), quantile(before, 0.99)];
      const edges = linearEdges(
        Math.min(written[0], before[0]),
        Math.max(written[n - 1], before[before.length - 1]),
        Number(settings.bins),
      );
      const [p, q] = [written, before].map((values) => countInto(edges, values, { closed: true }).counts);
      const kl = klDivergence(p, q);
      const row = rowsOf(this, settings);
      return [
        row(wasserstein1(written, before), n),
        row(moved(0.5), n, 'median'),
        ...Object.entries(QUANTILES).map(([part, at]) => row(moved(at), n, part)),
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
        row(ksStatistic(written, before), n, 'ks'),
        row(overlap(p, q), n, 'overlap'),
        row(jsDivergence(p, q), n, 'jensen-shannon'),
        row(hellinger(p, q), n, 'hellinger'),
        row(chiSquareDistance(p, q), n, 'chi-square'),
        ...(Number.isFinite(kl) ? [row(kl, n, 'kl-written-from-before')] : []),
        row(wasserstein2(written, before), n, 'wasserstein-2'),
        row(energyOfNumbers(written, before), n, 'energy'),
      ];
    },
  };
}

/**
 * 1-D Wasserstein distance, in nats, of the log perplexities under model 0 of what model t wrote from those of other records: the real test
 * records, or what model 0 wrote. `…/median`, `…/q05`, `…/q99`, `…/q999`: quantiles (numpy's linear) of the written ones less those of the others
 * (a median below 0: mass has moved to what is likely); `…/above-q99`: share of written records less likely than all but a hundredth of the others
 * (above .01: a tail has grown); `…/below-q01`; `…/ks`: the largest difference of the distribution functions; `…/overlap`, `…/jensen-shannon`
 * (nats), `…/hellinger`, `…/chi-square` and `…/kl-written-from-before` (nats; none where a bin has written records alone) of histograms over `bins`
 * equal bins from the least to the greatest of both, the last one closed; `…/wasserstein-2` (nats), `…/energy` (the root of nats). n: written
 * records. Source: Shumailov et al., Nature 631:755 (2024), figure 1 left, whose two statements are `generation-0/…/median` below 0 and
 * `generation-0/…/above-q99` above .01.
 */
export const likelihoodShifts: readonly Evaluation[] = [
  shift(TEST_UNDER_FIRST, {
    variant: 'real-test/under-model-0',
    summary:
      'How far the log perplexities under model 0 of written records lie from those of real test records: Wasserstein distance in nats, shifts of quantiles, shares beyond the real tails.',
  }),
  shift(WRITTEN_0_UNDER_FIRST, {
    variant: 'generation-0/under-model-0',
    summary:
      'The same from those of what model 0 itself wrote: figure 1 of Nature. A median below 0 is mass that moved left, a share …/above-q99 above .01 a tail that grew.',
  }),
];
