/**
 * What honest sampling alone does to a bag of tokens: a model that is exactly the frequencies of its training set writes as many tokens as the real
 * one wrote, each drawn by itself, and the next model trains on what the mixture makes of them. That is the chain of the discrete family (Wright-Fisher
 * drift, chains/laws/discrete.ts), from real counts instead of a law. No decoder, no smoothing, no network: how far a model's own curve lies from it is what
 * its learning and its decoding add. Text is bursty, so that whole texts drawn again would lose types sooner than this (docs/report.md has by how much).
 */
import { CounterRng } from '../../../common/philox.js';
import { tailTypes } from '../../../evaluations/tails.js';
import type { MixturePlan, MixtureRule, SamplePlan } from '../../../spec/mixture.js';
import { ruleOf } from '../../../spec/mixture.js';
import { drawBinomial } from '../../../statistics/binomial.js';

/** A seed's real text, and how much its models wrote. */
export interface HonestSeed {
  /** how often each type of the real training set occurs; ascending, at least one */
  readonly frequencies: Float64Array;
  /** tokens that generation 0, 1, … wrote; each at least 1 */
  readonly written: readonly number[];
}

/** What is read off what was written. */
export type HonestMeasure =
  /** share of the real types among the first so many tokens; 0: among all */
  | { readonly kind: 'alive'; readonly first: number }
  /** share of the tokens that are of the rarest types that together had at most `mass` of the real ones */
  | { readonly kind: 'tail'; readonly mass: number };

/** Mixtures whose terms the chain has. New real text (`fresh`, `weights`) has types that the first had not, of which nothing is known here. */
export type HonestRule = Extract<
  MixtureRule,
  { kind: 'replace' | 'keep-share' | 'accumulate' | 'accumulate-subsample' | 'fixed-real' }
>;

const KINDS: readonly MixtureRule['kind'][] = ['replace', 'keep-share', 'accumulate', 'accumulate-subsample', 'fixed-real'];

/** The mixture, where there is a law of it: undefined for terms that read others, go through operators or grow. */
export function honestRule(mixture: MixturePlan, sample: SamplePlan | undefined): HonestRule | undefined {
  const rule = ruleOf(mixture);
  return rule !== undefined && KINDS.includes(rule.kind) && (sample?.growth ?? 0) === 0 ? (rule as HonestRule) : undefined;
}

/** Types so frequent that none of them can be lost (odds below e^-20) are one cell: draws of it are all that the others feel of them. */
const CERTAIN = 20;

/** Types that go together; `rank`: of its first type, by real frequency ascending. */
interface Cells {
  readonly real: Float64Array;
  readonly types: Float64Array;
  readonly rank: Float64Array;
  readonly count: number;
}

/**
 * Chains of honest sampling, chain r under what seed r mod S had; the same for the same input.
 * @returns [measure][generation][chain]
 */
export function honestChains(
  seeds: readonly HonestSeed[],
  rule: HonestRule,
  measures: readonly HonestMeasure[],
  chains: number,
): Float64Array[][] {
  const last = Math.min(...seeds.map(({ written }) => written.length)) - 1;
  const values = measures.map(() => Array.from({ length: last + 1 }, () => new Float64Array(chains)));
  const worlds = seeds.map((seed) => worldOf(seed, measures, last));
  for (let chain = 0; chain < chains; chain++) {
    const { cells, cuts, firsts, written } = worlds[chain % worlds.length];
    const rng = new CounterRng({ seed: chain, generation: 0, member: '', step: 'honest-sampling' });
    let at = 0;
    const uniform = (): number => rng.uniform(at++);
    const learner = new Learner(rule, cells.real, uniform);
    for (let t = 0; t <= last; t++) {
      const model = learner.trainingSet();
      const wrote = new Float64Array(cells.real.length);
      let done = 0;
      // what comes first is part of all that is written: parts of independent draws
      for (const first of [...firsts.filter((one) => one < written[t]), written[t]]) {
        drawInto(wrote, model, first - done, uniform);
        done = first;
        measures.forEach((measure, m) => {
          if (measure.kind === 'alive' && Math.min(measure.first || Infinity, written[t]) === first)
            values[m][t][chain] = aliveIn(wrote, cells);
        });
      }
      measures.forEach((measure, m) => {
        if (measure.kind === 'tail') values[m][t][chain] = tailIn(wrote, cells, cuts[m]) / written[t];
      });
      learner.take(wrote, t);
    }
  }
  return values;
}

/** How many chains are worth their time, about a second of draws: fewer of large vocabularies, whose sums hardly scatter. */
export function chainsFor(seeds: readonly HonestSeed[]): number {
  const draws = Math.max(...seeds.map(({ frequencies, written }) => frequencies.length * written.length));
  return Math.min(1000, Math.max(40, Math.floor(2e6 / draws)));
}

function worldOf({ frequencies, written }: HonestSeed, measures: readonly HonestMeasure[], last: number) {
  const real = frequencies.map(Math.round);
  const tokens = real.reduce((sum, f) => sum + f, 0);
  const cuts = measures.map((measure) => (measure.kind === 'tail' ? tailTypes(real, measure.mass) : 0));
  const firsts = [...new Set(measures.flatMap((one) => (one.kind === 'alive' && one.first > 0 ? [one.first] : [])))];
  firsts.sort((a, b) => a - b);
  // expected occurrences in the least that is looked at, after as many generations
  const least = Math.min(...written.slice(0, last + 1), ...firsts);
  const certain = CERTAIN * (last + 1) * Math.max(1, tokens / least);
  return { cells: cellsOf(real, certain, cuts), cuts, firsts, written };
}

function cellsOf(real: Float64Array, certain: number, cuts: readonly number[]): Cells {
  const [counts, types, rank] = [[] as number[], [] as number[], [] as number[]];
  real.forEach((f, i) => {
    if (f > certain && i > 0 && real[i - 1] > certain && !cuts.includes(i)) {
      counts[counts.length - 1] += f;
      types[types.length - 1]++;
    } else {
      counts.push(f);
      types.push(1);
      rank.push(i);
    }
  });
  return { real: Float64Array.from(counts), types: Float64Array.from(types), rank: Float64Array.from(rank), count: real.length };
}

/** Adds n tokens, each drawn by itself from `model`: a multinomial, by binomials of what is left. */
function drawInto(counts: Float64Array, model: Float64Array, n: number, uniform: () => number): void {
  let mass = model.reduce((sum, f) => sum + f, 0);
  let left = n;
  for (let i = 0; i < model.length && left > 0 && mass > 0; i++) {
    if (model[i] === 0) continue;
    const drawn = drawBinomial(left, model[i] / mass, uniform);
    counts[i] += drawn;
    left -= drawn;
    mass -= model[i];
  }
}

const aliveIn = (wrote: Float64Array, { types, count }: Cells): number =>
  wrote.reduce((alive, f, i) => (f > 0 ? alive + types[i] : alive), 0) / count;

const tailIn = (wrote: Float64Array, { rank }: Cells, cut: number): number =>
  wrote.reduce((sum, f, i) => (rank[i] < cut ? sum + f : sum), 0);

/** What the next model trains on. A share of records is a share of tokens, each of them by lot. */
class Learner {
  /** everything so far */
  readonly #pool: Float64Array;
  #next: Float64Array;

  constructor(
    readonly rule: HonestRule,
    readonly real: Float64Array,
    readonly uniform: () => number,
  ) {
    this.#pool = real.slice();
    this.#next = real;
  }

  trainingSet(): Float64Array {
    return this.#next;
  }

  /** What model t wrote. */
  take(wrote: Float64Array, t: number): void {
    const { rule, real } = this;
    const plus = (a: Float64Array, b: Float64Array) => a.map((f, i) => f + b[i]);
    if (rule.kind === 'replace') this.#next = wrote;
    else if (rule.kind === 'fixed-real') this.#next = plus(real, wrote);
    else if (rule.kind === 'keep-share') this.#next = plus(this.#thinned(wrote, 1 - rule.share), this.#thinned(real, rule.share));
    else {
      wrote.forEach((f, i) => (this.#pool[i] += f));
      this.#next = rule.kind === 'accumulate' ? this.#pool : this.#thinned(this.#pool, 1 / (t + 2));
    }
  }

  #thinned(counts: Float64Array, share: number): Float64Array {
    return counts.map((f) => drawBinomial(f, share, this.uniform));
  }
}
