/**
 * Tests an exact law against many seeds: is the expectation inside the interval of the mean, at every tested generation together?
 * Values of a collapsing chain are skewed, so Johnson's modified t is used, and where even that cannot be trusted (most of the
 * expectation rests on seeds that a sample of this size does not contain) the generation is left out and said to be. How often a
 * true law fails is measured: bench/laws.mjs.
 */
import { studentQuantile } from '../../../statistics/distributions.js';
import type { CheckedPoint, Law, LawCheck } from './types.js';

/** Generations tested, evenly spaced in log(t + 1): neighbours say nearly the same. */
const TESTED = 12;
const FEWEST_SEEDS = 50;
/**
 * Largest skewness of n values that is trusted, in units of √n; less below 100 seeds, because a small sample of a skewed
 * distribution often looks less skewed than it is, and those samples are the ones whose mean is low.
 */
const SKEW_LIMIT = 0.2;
const SEEDS_FOR_LIMIT = 100;

/**
 * @param values by generation, one for each seed
 * @param confidence of the whole law: the chance that a true law passes; each generation's interval is Bonferroni's, over all
 *   generations that were looked at, since which of them are too skewed is not known beforehand
 * @param incomplete generations at which some seeds have no value: their mean would be that of the others alone
 */
export function checkLaw(
  law: Law,
  values: ReadonlyMap<number, ArrayLike<number>>,
  confidence = 0.99,
  incomplete: readonly number[] = [],
): LawCheck {
  const generations = [...values.keys()].sort((a, b) => a - b);
  const expectations = law.expectations(generations[generations.length - 1] ?? 0);
  const known = generations.filter((t) => Number.isFinite(expectations[t]) && !incomplete.includes(t));
  const candidates = spaced(known).map((t) => ({ t, ...momentsOf(values.get(t)!) }));
  const tooSkewed = candidates.filter(({ n, skew }) => n < FEWEST_SEEDS || Math.abs(skew) > skewLimit(n)).map(({ t }) => t);
  const usable = candidates.filter(({ t }) => !tooSkewed.includes(t));
  const quantile = remembered(studentQuantile);
  const points = usable.map(({ t, n, mean, sd, skew }): CheckedPoint => {
    const expected = expectations[t];
    // a bound is tested on one side only
    const tail = (1 - confidence) / candidates.length / (law.relation === 'equal' ? 2 : 1);
    const critical = quantile(1 - tail, n - 1);
    const correction = (skew * sd) / (6 * n);
    const half = (critical * sd) / Math.sqrt(n);
    const rounding = 1e-9 * Math.abs(expected);
    const off = mean - expected;
    const bend = sd === 0 ? 0 : skew / (3 * sd);
    const t1 = sd === 0 ? 0 : ((off + correction + bend * off * off) * Math.sqrt(n)) / sd;
    const holds =
      Math.abs(off) <= rounding ||
      (law.relation === 'at-least' && off > 0) ||
      (sd > 0 && (law.relation === 'equal' ? Math.abs(t1) : -t1) <= critical);
    const [low, high] = [mean - reach(half - correction, bend), mean - reach(-half - correction, bend)];
    return { generation: t, expected, mean, low, high, n, holds };
  });
  const failing = points.filter(({ holds }) => !holds);
  const verdict = points.length === 0 ? 'undecided' : failing.length === 0 ? 'pass' : 'fail';
  return {
    verdict,
    confidence,
    points,
    tooSkewed,
    sentence: sentence(law, verdict, confidence, points, failing, tooSkewed, incomplete, candidates[0]?.n ?? 0),
  };
}

/** x for which x + bend x² is y, the one near 0: what a mean may be off before Johnson's t says so. Where there is none, the bend's end. */
function reach(y: number, bend: number): number {
  const root = 1 + 4 * bend * y;
  return root < 0 ? -1 / (2 * bend) : (2 * y) / (1 + Math.sqrt(root));
}

function sentence(
  law: Law,
  verdict: LawCheck['verdict'],
  confidence: number,
  points: readonly CheckedPoint[],
  failing: readonly CheckedPoint[],
  tooSkewed: readonly number[],
  incomplete: readonly number[],
  seeds: number,
): string {
  const number = (x: number) => x.toPrecision(4);
  const shown = (p: CheckedPoint) => {
    const interval = `[${number(p.low)}, ${number(p.high)}]`;
    const law_ = `the law says ${law.relation === 'at-least' ? 'at least ' : ''}${number(p.expected)}`;
    return `generation ${p.generation}: ${number(p.mean)} in ${interval}, ${law_}`;
  };
  const missing =
    incomplete.length === 0 ? '' : `; ${listed(incomplete)} ${incomplete.length === 1 ? 'has' : 'have'} seeds without a value`;
  if (verdict === 'undecided') {
    const why = seeds < FEWEST_SEEDS ? `fewer than the ${FEWEST_SEEDS} that a test needs` : 'too few for so skewed values';
    return `not testable: ${seeds === 0 ? 'no generation has a value in every seed' : `${seeds} ${seeds === 1 ? 'seed is' : 'seeds are'} ${why}`}${seeds === 0 ? '' : missing}`;
  }
  const level = `${Number((confidence * 100).toFixed(2))} %`;
  const left = `${tooSkewed.length === 0 ? '' : `; ${listed(tooSkewed)} ${tooSkewed.length === 1 ? 'needs' : 'need'} more seeds`}${missing}`;
  if (verdict === 'fail')
    return `outside the ${level} interval at ${failing.length} of ${points.length} tested ${points.length === 1 ? 'generation' : 'generations'}, first ${shown(failing[0])}${left}`;
  return `inside the ${level} interval at ${points.length === 1 ? 'the one tested generation' : `all ${points.length} tested generations`} of ${seeds} seeds, last ${shown(points[points.length - 1])}${left}`;
}

function listed(generations: readonly number[]): string {
  return `${generations.length === 1 ? 'generation' : 'generations'} ${generations.join(', ')}`;
}

/** Generations mostly have equally many seeds, and a quantile takes longer than all else here. */
function remembered(f: (p: number, df: number) => number): (p: number, df: number) => number {
  const known = new Map<number, number>();
  return (p, df) => {
    const value = known.get(df) ?? f(p, df);
    known.set(df, value);
    return value;
  };
}

function skewLimit(n: number): number {
  return SKEW_LIMIT * Math.sqrt(n) * Math.min(1, n / SEEDS_FOR_LIMIT);
}

function spaced(generations: readonly number[]): number[] {
  if (generations.length <= TESTED) return [...generations];
  const last = generations[generations.length - 1];
  const wanted = Array.from({ length: TESTED }, (_, i) => (last + 1) ** (i / (TESTED - 1)) - 1);
  const nearest = (x: number) => generations.reduce((best, t) => (Math.abs(t - x) < Math.abs(best - x) ? t : best));
  return [...new Set(wanted.map(nearest))];
}

function momentsOf(values: ArrayLike<number>): { n: number; mean: number; sd: number; skew: number } {
  const n = values.length;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += values[i];
  const mean = sum / n;
  let squares = 0;
  let cubes = 0;
  for (let i = 0; i < n; i++) {
    const off = values[i] - mean;
    squares += off ** 2;
    cubes += off ** 3;
  }
  const sd = Math.sqrt(squares / (n - 1));
  const skew = squares === 0 ? 0 : cubes / n / (squares / n) ** 1.5;
  return { n, mean, sd, skew };
}
