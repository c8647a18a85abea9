/** What the training set of a generation is made of, over any cheap family: a mixture's terms on data that are made as they are read. */
import { allot, lagOf, sizeAt, sourcesOf, termsOf, REAL, SELF, type MixturePlan, type SamplePlan, type Term } from '../../../spec/mixture.js'; // prettier-ignore
import { HabsburgError } from '../../../common/errors.js';
import type { CounterRng } from '../../../common/philox.js';
import { Draws, type Use } from './draws.js';
import type { ChainFamily } from './types.js';

/** What a chain carries from generation to generation. */
export interface ChainState {
  /** the last generation done */
  readonly generation: number;
  readonly model: unknown;
  /** model t-1, where a term draws from it */
  readonly earlier?: unknown;
  /** the real records of generation 0, where a term comes back to them */
  readonly real?: unknown;
  /** all records so far of what terms read that take all generations, by its sources */
  readonly pools?: Readonly<Record<string, unknown>>;
}

type Carry = Pick<ChainState, 'earlier' | 'real' | 'pools'>;

const isReal = (one: Term): boolean => sourcesOf(one).every((source) => source === REAL);
const isAll = (one: Term): boolean => one.generation === 'all';
/** Drawn from records that were there before, so that each has to be kept. */
const isSubset = (terms: readonly Term[], one: Term): boolean =>
  one.take !== 'all' && one.draw !== 'fresh' && (isReal(one) || isAll(one) || terms.some(isAll));

/** Whether single records are drawn again from data, so that sufficient statistics alone will not do. */
export function needsRecords(mixture: MixturePlan): boolean {
  const terms = termsOf(mixture);
  return terms.some((one) => isSubset(terms, one));
}

/** What one of several members that learn from each other sees of all of them, itself included, in a generation. */
export interface Neighbours {
  readonly self: string;
  /** what a member wrote in this generation (lag 0) or in the one before: one set, the same for all who read it */
  written(member: string, lag: number): unknown;
  /** its model of this generation, or of one or two before; undefined where there was none */
  model(member: string, lag: number): unknown;
  /** whether any of them draws from models t-2 */
  readonly keepsEarlier: boolean;
}

/** What does not change within a step. */
export interface Loop {
  readonly family: ChainFamily;
  readonly world: unknown;
  readonly mixture: MixturePlan;
  /** mixtures of generations to come: what they read is kept for them */
  readonly later: readonly MixturePlan[];
  readonly sample: SamplePlan;
  readonly rng: CounterRng;
}

/** The name of what a term that takes all generations reads. */
const poolOf = (one: Term): string => sourcesOf(one).join('+');

/**
 * The training set of generation t, and what the next generations need of the past.
 * @param before undefined in generation 0
 * @param neighbours where members learn from each other; absent: what it reads of itself is made as it is read
 */
export function trainingSet(
  { family, world, mixture, later, sample, rng }: Loop,
  t: number,
  before: ChainState | undefined,
  neighbours?: Neighbours,
): { readonly data: unknown; readonly carry: Carry } {
  const terms = termsOf(mixture);
  const kept = [...terms, ...later.flatMap(termsOf)];
  const pooled = new Map(kept.filter(isAll).map((one) => [poolOf(one), one]));
  const n = sizeAt(sample, t);
  const real = (k: number, places?: Uint32Array) => family.real(world, k, new Draws(rng, t, 'real'), places);
  const keepsReal = kept.some((one) => isReal(one) && one.draw !== 'fresh');
  if (!before) {
    const data = real(n);
    const pools = Object.fromEntries([...pooled].flatMap(([name, one]) => (sourcesOf(one).includes(REAL) ? [[name, data]] : [])));
    return { data, carry: { ...(keepsReal && { real: data }), ...(pooled.size > 0 && { pools }) } };
  }
  const written = (k: number, places?: Uint32Array) =>
    family.generate(world, before.model, k, new Draws(rng, t, 'written'), places);
  const earlier = (k: number, places?: Uint32Array) =>
    family.generate(world, before.earlier, k, new Draws(rng, t, 'earlier'), places);
  const merge = (parts: readonly unknown[]) => (parts.length === 1 ? parts[0] : family.merge(world, parts));
  const writers = (one: Term) =>
    sourcesOf(one).flatMap((source) => (source === REAL ? [] : [source === SELF ? neighbours!.self : source]));
  const newest = terms.some(isAll) && !neighbours ? written(n) : undefined;
  const grown = (one: Term): unknown[] =>
    neighbours ? writers(one).map((writer) => neighbours.written(writer, 1)) : [newest ?? written(n)];
  const pools = Object.fromEntries(
    [...pooled].map(([pool, one]) => [pool, merge([before.pools?.[pool], ...grown(one)].filter((part) => part !== undefined))]),
  );

  const draws = new Draws(rng, t, 'mixture');
  const lots: number[] = [];
  const counts = allot(
    terms,
    n,
    () => draws.uniform(),
    (term) => lots.push(term),
  );
  const free = new Places(n, family.places !== undefined);
  const inPlace = terms.find(({ draw }) => draw === 'in-place');
  const partial = terms.filter(({ take, draw }) => take !== 'all' && draw !== 'in-place');
  const parts = new Map<Term, unknown>();

  const own = (one: Term, use: Use = 'mixture') => new Draws(rng.derive(`${sourcesOf(one).join('+')}@${one.generation}`), t, use);
  /** Of what members that learn from each other wrote; fresh records are written for this one alone. */
  const among = (one: Term, k: number | 'all', { self, model, written: setOf }: Neighbours): unknown => {
    const lag = lagOf(one)!;
    if (one.draw === 'fresh') {
      const writer = model(writers(one)[0], lag);
      const many = k as number;
      return writer === undefined
        ? family.real(world, many, own(one, 'real'))
        : family.generate(world, writer, many, own(one, 'written'));
    }
    const set = merge(writers(one).map((writer) => setOf(writer, lag)));
    if (k === 'all') return set;
    if (k > family.size(set))
      throw new HabsburgError('failed', `${self} takes ${k} records of the ${family.size(set)} that ${writers(one).join(' and ')} wrote; take fewer`); // prettier-ignore
    return family.subset(world, set, k, own(one));
  };
  /** The whole of a set, or k records of it. */
  const part = (one: Term, k: number | 'all', places?: Uint32Array): unknown => {
    if (isAll(one)) {
      const pool = pools[poolOf(one)];
      return k === 'all' ? pool : family.subset(world, pool, k, draws);
    }
    if (isReal(one)) {
      if (k === 'all') return before.real;
      if (one.draw === 'fresh') return real(k, places);
      return family.subset(world, before.real, Math.min(k, family.size(before.real)), one.draw === 'in-place' ? draws : own(one));
    }
    if (neighbours) return among(one, k, neighbours);
    if (one.generation === -2) return before.earlier === undefined ? real(k as number, places) : earlier(k as number, places);
    if (newest === undefined) return written(k === 'all' ? n : k, places);
    return k === 'all' ? newest : family.subset(world, newest, k, own(one));
  };

  if (inPlace) {
    const other = terms.find((one) => one !== inPlace)!;
    const all = neighbours ? family.size(among(other, 'all', neighbours)) : n;
    const k = Math.min(Math.round((inPlace.take as { readonly share: number }).share * all), family.size(before.real));
    const kept = part(inPlace, k);
    parts.set(inPlace, kept);
    if (family.places) free.remove(family.places(kept));
    if (k < all) parts.set(other, neighbours ? among(other, all - k, neighbours) : written(n - k, free.rest()));
  } else {
    // before there is a model t-2 its part is real, and new: one draw with what is asked of new real records
    const [older, fresh] = [terms.findIndex((one) => one.generation === -2), terms.findIndex((one) => isReal(one) && one.draw === 'fresh')]; // prettier-ignore
    if (older >= 0 && fresh >= 0 && before.earlier === undefined && !neighbours) {
      counts[fresh] = (counts[fresh] as number) + (counts[older] as number);
      counts[older] = 0;
      lots.forEach((term, i) => term === older && (lots[i] = fresh));
    }
    const byLot: number[] = [];
    terms.forEach((one, i) => {
      const k = counts[i];
      if (k === 0) return;
      if (k === 'all') parts.set(one, part(one, k));
      else if (typeof one.take === 'object' && 'weight' in one.take) byLot.push(i);
      else if (isSubset(terms, one)) {
        const data = part(one, k);
        if (family.places) free.remove(family.places(data));
        parts.set(one, data);
      } else parts.set(one, part(one, k, k === n ? undefined : one === partial.at(-1) ? free.rest() : free.choose(k, draws)));
    });
    for (const i of byLot) parts.set(terms[i], part(terms[i], counts[i] as number, free.ofLot(lots, i)));
  }
  const ordered = terms.filter((one) => parts.has(one)).map((one) => parts.get(one));
  return {
    data: merge(ordered),
    carry: {
      ...(keepsReal && { real: before.real }),
      ...(pooled.size > 0 && { pools }),
      ...((neighbours?.keepsEarlier ?? kept.some(({ generation }) => generation === -2)) && { earlier: before.model }),
    },
  };
}

/** Places 0 … n-1 of a generation's records, of a family that has them: each is filled once. */
class Places {
  #free: Uint32Array;

  constructor(
    n: number,
    readonly counted: boolean,
  ) {
    this.#free = counted ? Uint32Array.from({ length: n }, (_, place) => place) : new Uint32Array();
  }

  remove(taken: Uint32Array): void {
    const isTaken = new Set(taken);
    this.#free = this.#free.filter((place) => !isTaken.has(place));
  }

  /** k of the free ones, by lot. */
  choose(k: number, draws: Draws): Uint32Array | undefined {
    if (!this.counted) return undefined;
    const chosen = draws.choose(this.#free.length, k).map((i) => this.#free[i]);
    this.remove(chosen);
    return chosen;
  }

  rest(): Uint32Array | undefined {
    return this.counted ? this.#free : undefined;
  }

  /** Those whose lot fell on a term. */
  ofLot(lots: readonly number[], term: number): Uint32Array | undefined {
    return this.counted ? this.#free.filter((_, i) => lots[i] === term) : undefined;
  }
}
