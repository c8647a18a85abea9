/** BLEU from n-gram statistics, as sacrebleu has it. */

export interface BleuStatistics {
  /** matched n-grams and all of the hypothesis, [0] the 1-grams */
  readonly matched: readonly number[];
  readonly total: readonly number[];
  /** words of the hypothesis and of the reference that counts */
  readonly length: number;
  readonly reference: number;
}

export interface BleuOptions {
  /** what a precision of 0 becomes: halved anew a time (exp), 0.1 matches (floor), one match more in every order above 1 (add-k), 0 */
  readonly smoothing: 'exp' | 'floor' | 'add-k' | 'none';
  /** orders of which a short text has no n-gram do not count */
  readonly effectiveOrder: boolean;
}

const FLOOR = 0.1;
const ADDED = 1;
/** sacrebleu's logarithm of 0 */
const LOG_OF_NOTHING = -9999999999;

/** 1, or less where the hypothesis is shorter than the reference. */
export function brevityPenalty({ length, reference }: Pick<BleuStatistics, 'length' | 'reference'>): number {
  if (length >= reference) return 1;
  return length === 0 ? 0 : Math.exp(1 - reference / length);
}

/** Precisions in percent, smoothed, up to the last order that has n-grams; 0 after it. */
export function precisionsOf({ matched, total }: BleuStatistics, smoothing: BleuOptions['smoothing']): number[] {
  const precisions = total.map(() => 0);
  if (!matched.some((hits) => hits > 0)) return precisions;
  let halves = 1;
  for (let n = 0; n < total.length; n++) {
    const added = smoothing === 'add-k' && n > 0 ? ADDED : 0;
    const [hits, all] = [matched[n] + added, total[n] + added];
    if (all === 0) break;
    if (hits > 0) precisions[n] = (100 * hits) / all;
    else if (smoothing === 'exp') precisions[n] = 100 / ((halves *= 2) * all);
    else if (smoothing === 'floor') precisions[n] = (100 * FLOOR) / all;
  }
  return precisions;
}

/** BLEU, 0 to 100. Source: Papineni et al. (ACL 2002); sacrebleu 2.6.0, BLEU.compute_bleu. */
export function scoreOf(statistics: BleuStatistics, { smoothing, effectiveOrder }: BleuOptions): number {
  const { matched, total } = statistics;
  if (!matched.some((hits) => hits > 0)) return 0;
  const precisions = precisionsOf(statistics, smoothing);
  const none = total.findIndex((all, n) => all + (smoothing === 'add-k' && n > 0 ? ADDED : 0) === 0);
  const order = effectiveOrder && none >= 0 ? none : total.length;
  const logs = precisions.slice(0, order).map((p) => (p === 0 ? LOG_OF_NOTHING : Math.log(p)));
  return brevityPenalty(statistics) * Math.exp(logs.reduce((sum, log) => sum + log, 0) / order);
}
