/**
 * What results say of a paper's claims: each holds, fails, or cannot be told. A claim is tested by one-sided t tests over seeds (paired
 * by seed where it compares), of logarithms where it is about a factor; the p values of all claims of an experiment are corrected
 * together (Holm), so that of experiments in which nothing is true at most one in twenty has a claim that "holds".
 */
import { evaluations } from '../evaluations/index.js';
import type { Claim } from '../spec/claims.js';
import { thresholdOf } from '../spec/claims.js';
import { studentUpper } from '../statistics/distributions.js';
import { holm } from '../statistics/families.js';
import { fewest, tPower } from '../statistics/power.js';
import { line } from '../statistics/segments.js';
import { oneSampleT } from '../statistics/t-tests.js';
import type { Results } from './rows.js';
import { summarise, type Point, type Series } from './summary.js';
import { LEVEL, POWER } from './tests.js';

export interface ClaimVerdict {
  readonly claim: Claim;
  readonly verdict: 'holds' | 'fails' | 'cannot tell';
  /** p values that it holds and that it fails, and the same after Holm's correction over all claims; absent where it is not testable */
  readonly p?: {
    readonly holds: number;
    readonly fails: number;
    readonly correctedHolds: number;
    readonly correctedFails: number;
  };
  /** where nothing can be told: the chance that so many seeds would have shown the expected effect, or the one seen, to hold */
  readonly power?: number;
  /** how many seeds would show it four times in five; absent where none would */
  readonly seedsNeeded?: number;
  /** one a condition and member; a claim about several holds if it holds of each */
  readonly parts: readonly ClaimPart[];
  /** why there is no test */
  readonly why?: string;
}

export interface ClaimPart {
  /** `growth from generation 0 to 5 under replace` */
  readonly label: string;
  /** in the claim's own unit, with the 95 % interval; absent of one seed */
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
  /** seeds */
  readonly n: number;
}

/** A part as it is tested: numbers of seeds, on whose scale the mean is held against a bound. */
interface Sample extends ClaimPart {
  /** of each seed, for a bound: their mean is above 0 where the statistic is above the bound */
  readonly against: (bound: number) => readonly number[];
  /** a statistic on the scale of the numbers; absent where the two have no fixed relation */
  readonly scale?: (value: number) => number;
}

/** A verdict with what its power is computed from. */
interface Decided {
  readonly verdict: ClaimVerdict;
  readonly samples: readonly Sample[];
  /** that Holm's correction has left for this claim */
  readonly level: number;
}

/** In the order of the claims. */
export function judgeClaims(results: Pick<Results, 'scores' | 'plan'>, claims: readonly Claim[]): ClaimVerdict[] {
  return decideClaims(results, claims).map(({ verdict, samples, level }): ClaimVerdict => {
    if (verdict.verdict !== 'cannot tell' || verdict.p === undefined) return verdict;
    const powerOfAll = (n?: number): number => Math.min(...samples.map((sample) => powerOf(sample, verdict.claim, level, n)));
    const power = powerOfAll();
    if (!Number.isFinite(power)) return verdict;
    const seedsNeeded = fewest(powerOfAll, POWER); // none finds an effect on the wrong side
    return { ...verdict, power, ...(seedsNeeded !== undefined && { seedsNeeded }) };
  });
}

/** The same without power. */
export function decideClaims(results: Pick<Results, 'scores' | 'plan'>, claims: readonly Claim[]): Decided[] {
  if (claims.length === 0) return [];
  const sampled = claims.map((claim) => samplesOf(results, claim));
  const tests = sampled.map((found, i) => (typeof found === 'string' ? { holds: NaN, fails: NaN } : pValues(found, claims[i])));
  const [holds, fails] = [holm(tests.map((test) => test.holds)), holm(tests.map((test) => test.fails))];
  const count = tests.filter((test) => !Number.isNaN(test.holds)).length;
  return claims.map((claim, i): Decided => {
    const [found, test] = [sampled[i], tests[i]];
    const untold = (why: string, samples: readonly Sample[]): Decided => ({
      verdict: { claim, verdict: 'cannot tell', parts: samples.map(partOf), why },
      samples,
      level: LEVEL,
    });
    if (typeof found === 'string') return untold(found, []);
    if (found.some(({ n }) => n < 2)) return untold('one seed makes no claim', found);
    const p = { ...test, correctedHolds: holds[i], correctedFails: fails[i] };
    const verdict = p.correctedHolds <= LEVEL ? 'holds' : p.correctedFails <= LEVEL ? 'fails' : 'cannot tell';
    const before = tests.filter((other) => other.holds < test.holds).length;
    return { verdict: { claim, verdict, p, parts: found.map(partOf) }, samples: found, level: LEVEL / (count - before) };
  });
}

const partOf = ({ against: _, scale: __, ...part }: Sample): ClaimPart => part;

/** What a claim is about, a part for each condition and member; a sentence where there is nothing to test. */
function samplesOf(results: Pick<Results, 'scores' | 'plan'>, claim: Claim): Sample[] | string {
  const { measures: found, series } = summarise({ scores: results.scores }, claim.metric);
  // of several values of a metric that is called by its name alone, the one that has nothing added to its variant
  const bare = found.filter(({ metric, variant }) => evaluations.some((one) => one.name === metric && one.variant === variant));
  const measures = found.length > 1 && bare.length === 1 ? bare : found;
  if (measures.length === 0) return `${claim.metric} is not measured`;
  if (measures.length > 1)
    return `${claim.metric} has several values, ${measures.map(({ metric, variant }) => `${metric}/${variant}`).join(', ')}: the claim must say which`; // prettier-ignore
  const [{ key }] = measures;
  const own = series.filter(({ member }) => claim.member === undefined || member === claim.member);
  const members = [...new Set(own.map(({ member }) => member))];
  const { statistic, conditions } = claim;
  const samples: (Sample | string)[] = members.flatMap((member) => {
    const of = conditions.map((condition) => own.find((one) => one.member === member && one.condition === condition));
    const missing = conditions.find((_, i) => (of[i]?.points.get(key) ?? []).length === 0);
    if (missing !== undefined) return [`${missing} has no values yet`];
    const points = (of as Series[]).map((one) => one.points.get(key)!);
    // a condition may end before the experiment does
    const ends = conditions.map((name) => results.plan.conditions.find((one) => one.name === name)?.generations ?? results.plan.generations); // prettier-ignore
    const labels = (of as Series[]).map(({ label }) => label);
    if (statistic.kind === 'difference' || statistic.kind === 'ratio') {
      const t = statistic.generation ?? Math.min(...ends);
      const label = `${statistic.kind} of ${labels.join(' and ')} at generation ${t}`;
      return [compared(statistic.kind === 'ratio', label, at(points[0], t), at(points[1], t), t)];
    }
    return points.map((ofSeries, i) => {
      const under = `under ${labels[i]}`;
      if (statistic.kind === 'level') {
        const t = statistic.generation ?? ends[i];
        const point = at(ofSeries, t);
        return point ? plain(`level at generation ${t} ${under}`, Array.from(point.values)) : notThere(t);
      }
      const [from, to] = [statistic.from ?? ofSeries[0].generation, statistic.to ?? ends[i]];
      const label = `${statistic.kind} from generation ${from} to ${to} ${under}`;
      if (statistic.kind === 'trend') return sloped(label, ofSeries, from, to);
      return compared(statistic.kind === 'growth', label, at(ofSeries, to), at(ofSeries, from), to);
    });
  });
  return samples.find((sample) => typeof sample === 'string') ?? (samples as Sample[]);
}

const at = (points: readonly Point[], generation: number): Point | undefined => points.find((p) => p.generation === generation);
const notThere = (generation: number): string => `there is no value at generation ${generation}`;

function compared(
  factor: boolean,
  label: string,
  above: Point | undefined,
  below: Point | undefined,
  t: number,
): Sample | string {
  if (above === undefined || below === undefined) return notThere(t);
  const other = new Map(Array.from(below.seeds, (seed, i) => [seed, below.values[i]]));
  const pairs = Array.from(above.seeds, (seed, i) => [above.values[i], other.get(seed)] as const).filter(
    (pair): pair is readonly [number, number] => pair[1] !== undefined,
  );
  if (pairs.length === 0) return 'no seed has both values';
  if (!factor) return plain(label, pairs.map(([a, b]) => a - b)); // prettier-ignore
  if (pairs.some(([a, b]) => a < 0 || b < 0)) return 'a factor needs positive values: claim a change or a difference';
  if (pairs.every(([a, b]) => a > 0 && b > 0)) {
    const logs = pairs.map(([a, b]) => Math.log(a / b));
    return { ...estimated(label, logs, Math.exp), against: (bound) => logs.map((x) => x - Math.log(bound)), scale: Math.log };
  }
  // a seed fell to 0, which has no logarithm: the ratio of the means, tested without dividing
  const mean = (side: 0 | 1): number => pairs.reduce((sum, pair) => sum + pair[side], 0) / pairs.length;
  if (mean(1) === 0) return 'there is no factor of 0: claim a change or a difference';
  const ratio = mean(0) / mean(1);
  const residuals = pairs.map(([a, b]) => (a - ratio * b) / mean(1));
  return {
    ...estimated(label, residuals, (x) => Math.max(0, ratio + x)),
    against: (bound) => pairs.map(([a, b]) => a - bound * b),
  };
}

function sloped(label: string, points: readonly Point[], from: number, to: number): Sample | string {
  const kept = points.filter(({ generation }) => generation >= from && generation <= to);
  if (kept.at(-1)?.generation !== to) return notThere(to);
  if (kept.length < 3) return 'a trend takes three generations';
  const x = kept.map(({ generation }) => generation);
  const values = kept.map(({ seeds, values: of }) => new Map(Array.from(seeds, (seed, i) => [seed, of[i]])));
  const seeds = [...values[0].keys()].filter((seed) => values.every((of) => of.has(seed)));
  if (seeds.length === 0) return 'no seed has a value at every generation';
  return plain(label, seeds.map((seed) => line(x, values.map((of) => of.get(seed)!)).slope)); // prettier-ignore
}

function plain(label: string, each: readonly number[]): Sample {
  return { ...estimated(label, each, (x) => x), against: (bound) => each.map((x) => x - bound), scale: (value) => value };
}

function estimated(label: string, each: readonly number[], back: (x: number) => number): ClaimPart {
  const mean = each.reduce((sum, x) => sum + x, 0) / each.length;
  if (each.length < 2) return { label, value: back(mean), n: each.length };
  const [low, high] = oneSampleT(each).interval;
  return { label, value: back(mean), low: back(low), high: back(high), n: each.length };
}

/** Of a claim about several parts: it holds if it holds of each (the largest p), it fails if it fails of any (the least, times their number). */
function pValues(samples: readonly Sample[], claim: Claim): { holds: number; fails: number } {
  const each = samples.map((sample) => {
    if (sample.n < 2) return { holds: NaN, fails: NaN };
    const above = (bound: number): number => upperTail(sample.against(bound));
    const bounds = thresholdOf(claim);
    if (typeof bounds !== 'number') {
      const [low, high] = [above(bounds[0]), above(bounds[1])];
      return { holds: Math.max(low, 1 - high), fails: Math.min(1, 2 * Math.min(1 - low, high)) };
    }
    const p = above(bounds);
    return claim.direction === 'above' ? { holds: p, fails: 1 - p } : { holds: 1 - p, fails: p };
  });
  return {
    holds: Math.max(...each.map(({ holds }) => holds)),
    fails: Math.min(1, each.length * Math.min(...each.map(({ fails }) => fails))),
  };
}

/** P of a t as large where the mean is 0; numbers that are all equal leave no doubt, but where they are 0. */
function upperTail(each: readonly number[]): number {
  const { statistic, df } = oneSampleT(each);
  return Number.isNaN(statistic) ? 0.5 : studentUpper(statistic, df);
}

/** Chance that so many seeds show the claim to hold, if the effect is the expected one, or else as it was seen. NaN where that is unknown. */
function powerOf(sample: Sample, claim: Claim, level: number, n = sample.n): number {
  const { scale } = sample;
  if (scale === undefined) return NaN;
  const effect = scale(claim.expected ?? sample.value);
  const sd = oneSampleT(sample.against(1)).error * Math.sqrt(sample.n);
  const beyond = (bound: number, sign: 1 | -1): number =>
    sd === 0 ? NaN : tPower(((sign * (effect - scale(bound))) / sd) * Math.sqrt(n), n - 1, { level, sides: 1 });
  const bounds = thresholdOf(claim);
  if (typeof bounds !== 'number') return Math.max(0, beyond(bounds[0], 1) + beyond(bounds[1], -1) - 1);
  return beyond(bounds, claim.direction === 'above' ? 1 : -1);
}
