/**
 * What a generation's training set is made of: a list of terms, each a set of records and how much of it. The named mixtures are
 * abbreviations of lists. Pure: workflows, the sample step, the chains and `plan` use the same.
 */

import { growthBy, operatorWords, type OperatorPlan } from './operator-plan.js';

/** Records of generation t: round(size (t + 1)^growth). */
export interface SamplePlan {
  readonly size: number;
  /** 0: the same every generation; above 1: the superlinear schedule under which the error stays bounded */
  readonly growth: number;
}

export interface Term {
  /**
   * `real`, `self`, a member's name, or a source of other real texts (`file:PATH`, `hf://…`); several: their records together, in this
   * order
   */
  readonly from: string | readonly string[];
  /**
   * Which of a member's sets: what it wrote in this generation, in the one before, so many before (-2), in a certain one (0), or in
   * all before this one. Of `real`: the real records of generation 0; other real texts are the same in all generations.
   */
  readonly generation: 'current' | 'previous' | 'all' | number;
  /** the whole set, a share of the generation's n(t) records, a number, or by lot in proportion to a weight */
  readonly take: 'all' | { readonly share: number } | { readonly count: number } | { readonly weight: number };
  /**
   * `redrawn`: without replacement, anew in each generation. `fresh`: records that no generation has trained on. `in-place`: at a
   * share of the positions of the other term's set, the real records that were continued there stand instead.
   */
  readonly draw: 'redrawn' | 'fresh' | 'in-place';
  /** what each of its sets goes through before records are drawn; absent: nothing */
  readonly through?: readonly OperatorPlan[];
  /** what its records count for in the loss, in proportion to those of other terms; golden: by He et al.'s ratio (pool/golden.ts); absent: 1 */
  readonly lossWeight?: number | 'golden';
}

/** A mixture by its name. */
export type MixtureRule =
  /** n(t) records that model t-1 wrote */
  | { readonly kind: 'replace' }
  /** round(share n(t)) of the first real records, redrawn each generation; the rest written by model t-1 */
  | { readonly kind: 'keep-share'; readonly share: number }
  /** everything so far: the first real records and n(s) written by each model s-1, s = 1 … t */
  | { readonly kind: 'accumulate' }
  /** n(t) drawn without replacement from everything so far */
  | { readonly kind: 'accumulate-subsample' }
  /** round(share n(t)) real records that no generation has seen; the rest written by model t-1 */
  | { readonly kind: 'fresh'; readonly share: number }
  /** the whole first real set, each generation, beside n(t) records written by model t-1 */
  | { readonly kind: 'fixed-real' }
  /**
   * Nature's D ~ alpha p(t-1) + beta p(t-2) + gamma p(real): each of n(t) records has its source drawn. Before there is a model
   * t-2 its part is real; real records are new ones.
   */
  | { readonly kind: 'weights'; readonly alpha: number; readonly beta: number; readonly gamma: number };

/** A mixture as a plan has it. */
export type MixturePlan = MixtureRule | { readonly kind: 'terms'; readonly terms: readonly Term[] };

export const REAL = 'real';
export const SELF = 'self';

/** Whether a term reads other real texts than data.train: a source as data.train may name one. */
export function isSource(from: string): boolean {
  return /^(?:file|hf):/.test(from);
}

/** Whether nobody in the loop wrote it. */
export function isGiven(from: string): boolean {
  return from === REAL || isSource(from);
}

const term = (from: Term['from'], generation: Term['generation'], take: Term['take'], draw: Term['draw'] = 'redrawn'): Term => ({
  from,
  generation,
  take,
  draw,
});

/** What an abbreviation stands for. */
export function termsOf(mixture: MixturePlan): readonly Term[] {
  const written = (take: Term['take']): Term => term(SELF, 'previous', take);
  switch (mixture.kind) {
    case 'terms':
      return mixture.terms;
    case 'replace':
      return [written('all')];
    case 'keep-share':
      return [term(REAL, 0, { share: mixture.share }, 'in-place'), written('all')];
    case 'accumulate':
      return [term([REAL, SELF], 'all', 'all')];
    case 'accumulate-subsample':
      return [term([REAL, SELF], 'all', { share: 1 })];
    case 'fresh':
      return [term(REAL, 0, { share: mixture.share }, 'fresh'), written({ share: 1 - mixture.share })];
    case 'fixed-real':
      return [term(REAL, 0, 'all'), written('all')];
    case 'weights':
      return [
        term(SELF, 'previous', { weight: mixture.alpha }, 'fresh'),
        term(SELF, -2, { weight: mixture.beta }, 'fresh'),
        term(REAL, 0, { weight: mixture.gamma }, 'fresh'),
      ].filter(({ take }) => (take as { weight: number }).weight > 0);
  }
}

/** The name that a mixture has, or that a list of terms could have been given by. */
export function ruleOf(mixture: MixturePlan): MixtureRule | undefined {
  if (mixture.kind !== 'terms') return mixture;
  const { terms } = mixture;
  const [{ take }] = terms;
  const share = take === 'all' || !('share' in take) ? 0 : take.share;
  const weight = (from: string, generation: Term['generation']) =>
    terms.reduce((sum, one) => sum + (one.from === from && one.generation === generation && one.take !== 'all' && 'weight' in one.take ? one.take.weight : 0), 0); // prettier-ignore
  const [alpha, beta, gamma] = [weight(SELF, 'previous'), weight(SELF, -2), weight(REAL, 0)];
  const total = alpha + beta + gamma;
  const named: MixtureRule[] = [
    { kind: 'replace' },
    { kind: 'keep-share', share },
    { kind: 'accumulate' },
    { kind: 'accumulate-subsample' },
    { kind: 'fresh', share },
    { kind: 'fixed-real' },
    ...(Math.abs(total - 1) < 1e-9 ? [{ kind: 'weights' as const, alpha, beta, gamma }] : []),
  ];
  const text = JSON.stringify(terms);
  return named.find((rule) => JSON.stringify(termsOf(rule)) === text);
}

/** What generation 0 trains on, where that is a sample of the real records. */
export function firstTerms(sample: SamplePlan): readonly Term[] {
  return [term(REAL, 0, { count: sizeAt(sample, 0) }, 'fresh')];
}

/** Records of generation t. */
export function sizeAt({ size, growth }: SamplePlan, t: number): number {
  return growth === 0 ? size : Math.round(size * (t + 1) ** growth);
}

/** A set of records that a term reads. */
export type PoolSet =
  /** the real records of generation 0; those that no generation has trained on */
  | { readonly kind: 'real'; readonly through?: Term['through'] }
  | { readonly kind: 'unseen' }
  /** other real texts, by the source that names them */
  | { readonly kind: 'source'; readonly source: string; readonly through?: Term['through'] }
  /** what a member wrote in a generation */
  | { readonly kind: 'written'; readonly member: string; readonly generation: number; readonly through?: Term['through'] }
  /** what it wrote in all generations up to one; each went through the term's operators when it was the newest */
  | { readonly kind: 'past'; readonly member: string; readonly generation: number; readonly through?: Term['through'] };

const THROUGH = ' through ';

/** A set's name among a step's inputs. */
export function setName(set: PoolSet): string {
  return set.kind !== 'unseen' && set.through ? `${wholeName(set)}${THROUGH}${operatorWords(set.through)}` : wholeName(set);
}

/** What a member wrote in all generations, as a term reads it. */
export interface PastRead {
  readonly writer: string;
  readonly term: Term;
  /** of these records: the writer, and what they went through */
  readonly name: string;
}

/** The members of whom all generations are read. */
export function pastsRead(terms: readonly Term[], self: string): PastRead[] {
  return terms
    .filter(({ generation }) => generation === 'all')
    .flatMap((one) =>
      sourcesOf(one)
        .filter((source) => !isGiven(source))
        .map((source) => ({ term: one, writer: source === SELF ? self : source })),
    )
    .map(({ term: one, writer }) => ({ term: one, writer, name: pastName(writer, one.through) }));
}

export function pastName(writer: string, through: Term['through']): string {
  return through ? `${writer}${THROUGH}${operatorWords(through)}` : writer;
}

/** Of the set as it is, whatever it goes through. */
export function wholeName(set: PoolSet): string {
  if (set.kind === 'real' || set.kind === 'unseen') return set.kind;
  if (set.kind === 'source') return set.source;
  return `${set.member}/${set.kind === 'past' ? `0-${set.generation}` : set.generation}`;
}

/** Whether a set of this name holds real records. */
export function isReal(name: string): boolean {
  const [whole] = name.split(THROUGH);
  return ['real', 'unseen'].includes(whole) || isSource(whole);
}

export function sourcesOf({ from }: Term): readonly string[] {
  return typeof from === 'string' ? [from] : from;
}

/** Generations between the writing and the reading: 0 of the current one; undefined where it is not always the same. */
export function lagOf({ generation }: Term): number | undefined {
  if (generation === 'current') return 0;
  if (generation === 'previous') return 1;
  return typeof generation === 'number' && generation < 0 ? -generation : undefined;
}

/**
 * The sets that a term reads in generation t >= 1, oldest first. Before generation 0 there was human data: what a term asks of a
 * model that there never was is real.
 * @param self the member whose term it is
 */
export function setsOf(one: Term, self: string, t: number): readonly PoolSet[] {
  const real: PoolSet = { kind: one.draw === 'fresh' ? 'unseen' : 'real' };
  const through = one.through && { through: one.through };
  return sourcesOf(one).flatMap((source): PoolSet[] => {
    if (source === REAL) return [{ ...real, ...through }];
    if (isSource(source)) return [{ kind: 'source', source, ...through }];
    const member = source === SELF ? self : source;
    if (one.generation === 'all') {
      const newest: PoolSet = { kind: 'written', member, generation: t - 1, ...through };
      return t === 1 ? [newest] : [{ kind: 'past', member, generation: t - 2, ...through }, newest];
    }
    const generation = one.generation === 0 ? 0 : t - lagOf(one)!;
    return [generation < 0 ? real : { kind: 'written', member, generation, ...through }];
  });
}

/**
 * Records of each of a generation's terms, in their order; `all` where a term takes its sets whole. Shares are rounded so that they
 * add up; what they and the counts leave is divided among the weights, each record by lot.
 * @param n records of the generation
 * @param lot uniform in [0, 1) for the i-th record that is drawn; asked in order
 * @param fell told for each of these on which term its lot fell
 */
export function allot(
  terms: readonly Term[],
  n: number,
  lot: (i: number) => number,
  fell?: (term: number) => void,
): (number | 'all')[] {
  let shares = 0;
  const counts = terms.map(({ take, draw }): number | 'all' => {
    if (take === 'all') return 'all';
    if ('count' in take) return take.count;
    if ('weight' in take || draw === 'in-place') return 0;
    const before = Math.round(shares * n);
    shares += take.share;
    return Math.round(shares * n) - before;
  });
  const weights = terms.map(({ take }) => (typeof take === 'object' && 'weight' in take ? take.weight : 0));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return counts;
  const last = weights.reduce((at, weight, i) => (weight > 0 ? i : at), 0);
  const left = n - counts.reduce<number>((sum, count) => sum + (count === 'all' ? 0 : count), 0);
  for (let i = 0; i < left; i++) {
    const u = lot(i) * (Math.abs(total - 1) < 1e-9 ? 1 : total);
    let at = 0;
    for (let sum = weights[0]; u >= sum && at < last; sum += weights[at]) at++;
    (counts[at] as number)++;
    fell?.(at);
  }
  return counts;
}

/** Whether generations take in real records that none before has seen. */
export function needsNewReal(terms: readonly Term[]): boolean {
  return terms.some((one) => one.draw === 'fresh' && (sourcesOf(one).includes(REAL) || (lagOf(one) ?? 0) > 1));
}

/** Whether a training set holds more than one generation's records, and more with each. */
function outgrows(terms: readonly Term[]): boolean {
  const whole = terms.filter(({ take }) => take === 'all');
  return whole.reduce((sets, one) => sets + (one.generation === 'all' ? 2 : sourcesOf(one).length), 0) > 1;
}

/**
 * What model t continues: the first real records, or with `previous` its training set; where that holds more than a generation has,
 * what the member wrote last, since texts would double otherwise. Who continues nothing writes as many as these are.
 */
export function promptsOf<T>(
  member: { readonly name: string; readonly prompts?: 'original' | 'previous' | 'none' },
  terms: readonly Term[],
  sets: { readonly first: T; readonly train: T; readonly newest: T | undefined },
): T {
  if (member.prompts !== 'previous') return sets.first;
  return outgrows(terms) ? (sets.newest ?? sets.first) : sets.train;
}

/** What is needed of a member to say how many records it writes. */
export interface Reader {
  readonly name: string;
  readonly sample?: SamplePlan;
  readonly mixture: MixturePlan;
}

/**
 * Records that a member's model t writes: as many as its own next generation has, so that metrics of all mixtures see as much, or
 * more where a reader asks for more. Undefined without a sample: one a prompt.
 */
export function writtenBy(writer: Reader, members: readonly Reader[], t: number): number | undefined {
  if (writer.sample === undefined) return undefined;
  let count = sizeAt(writer.sample, t + 1);
  for (const { name, sample, mixture } of members) {
    if (sample === undefined) continue;
    // What is fresh serves once, so several terms' parts add up: what is drawn from a model has to be independent of what that
    // model's successor saw. How many come from which source is drawn: six standard deviations more than expected are enough.
    let [once, sum, most, spread] = [0, 0, 0, 0];
    const terms = termsOf(mixture);
    for (const one of terms) {
      const reads = sourcesOf(one).some((source) => (source === SELF ? name : source) === writer.name);
      const lag = lagOf(one);
      if (!reads || lag === undefined || one.take === 'all') continue;
      const n = sizeAt(sample, t + lag);
      const [expected, variance] = expectation(one, terms, n);
      if (one.draw !== 'fresh') once = Math.max(once, Math.ceil(expected + 6 * Math.sqrt(variance)));
      else {
        sum += expected;
        most += n;
        spread += variance;
      }
    }
    count = Math.max(count, once, Math.min(most, Math.ceil(sum + 6 * Math.sqrt(spread))));
  }
  return count;
}

/** Mean and variance of the records that a term takes of n. */
function expectation({ take }: Term, terms: readonly Term[], n: number): [number, number] {
  if (take === 'all') return [0, 0];
  if ('count' in take) return [take.count, 0];
  if ('share' in take) return [take.share * n, 0];
  const of = (read: (take: Exclude<Term['take'], 'all'>) => number) =>
    terms.reduce((sum, other) => sum + (other.take === 'all' ? 0 : read(other.take)), 0);
  const p = take.weight / of((other) => ('weight' in other ? other.weight : 0));
  const left = n - of((other) => ('count' in other ? other.count : 'share' in other ? other.share * n : 0));
  return [left * p, left * p * (1 - p)];
}

/**
 * Training records of a member's generation t, at most; Infinity where all records of a source are taken, which nobody has counted.
 * @param n how many a member's generation has
 * @param written how many it wrote in one at most
 */
export function trainedOn(
  reader: Reader,
  n: (member: string, t: number) => number,
  t: number,
  written: (member: string, t: number) => number = (member, g) => n(member, g + 1),
): number {
  const { name, mixture } = reader;
  if (t === 0) return n(name, 0);
  const terms = termsOf(mixture);
  if (terms.every(({ take }) => take !== 'all')) return Math.max(n(name, t), countsOf(terms));
  const size = (set: PoolSet): number => {
    if (set.kind === 'real' || set.kind === 'unseen') return n(name, 0);
    if (set.kind === 'source') return Infinity;
    if (set.kind === 'written') return written(set.member, set.generation);
    let sum = 0;
    for (let g = 0; g <= set.generation; g++) sum += written(set.member, g);
    return sum;
  };
  const whole = terms.filter(({ take }) => take === 'all').flatMap((one) => setsOf(one, name, t));
  const grown = (set: PoolSet): number => (set.kind === 'unseen' ? 1 : growthBy(set.through));
  return whole.reduce((sum, set) => sum + Math.ceil(size(set) * grown(set)), 0) + countsOf(terms);
}

function countsOf(terms: readonly Term[]): number {
  return terms.reduce((sum, { take }) => sum + (typeof take === 'object' && 'count' in take ? take.count : 0), 0);
}

/**
 * Members in an order in which each comes after those that it reads in the same generation, and which those are.
 * @throws Error where they wait for each other in a circle; spec/check.ts tells the reader of the file
 */
export function memberOrder(members: readonly Reader[]): { readonly name: string; readonly after: readonly string[] }[] {
  const after = new Map(
    members.map(({ name, mixture }) => [
      name,
      [
        ...new Set(
          termsOf(mixture)
            .filter(({ generation }) => generation === 'current')
            .flatMap((one) => sourcesOf(one).filter((source) => !isGiven(source))),
        ),
      ].map((source) => (source === SELF ? name : source)),
    ]),
  );
  const ordered: { name: string; after: readonly string[] }[] = [];
  const done = new Set<string>();
  while (ordered.length < members.length) {
    const ready = members.filter(({ name }) => !done.has(name) && after.get(name)!.every((other) => done.has(other)));
    if (ready.length === 0)
      throw new Error(`internal: members wait for each other: ${members.map(({ name }) => name).join(', ')}`);
    for (const { name } of ready) ordered.push({ name, after: after.get(name)! });
    for (const { name } of ready) done.add(name);
  }
  return ordered;
}
