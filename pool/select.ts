/** Which records a model is trained on. Pure: positions are drawn, not texts, and any draw is a function of its name alone. */
import { HabsburgError } from '../common/errors.js';
import type { CounterRng } from '../common/philox.js';
import {
  allot,
  firstTerms,
  lagOf,
  setName,
  setsOf,
  sizeAt,
  sourcesOf,
  type PoolSet,
  type SamplePlan,
  type Term,
} from '../spec/mixture.js';
import { goldenLossWeight } from './golden.js';

/** The stream of draws of a generation's training set, keyed by seed, generation and the member that reads. */
export type SampleRng = (generation: number) => CounterRng;

/** `count` records of a set, from the position `first` on. */
export interface Run {
  readonly set: string;
  readonly first: number;
  readonly count: number;
  /** what each counts for in the loss; absent: 1 */
  readonly weight?: number;
}

export interface SelectOptions {
  /** of each generation; generation 0 has firstTerms */
  readonly termsAt: (generation: number) => readonly Term[];
  /** the member that reads */
  readonly self: string;
  readonly generation: number;
  /** records of a generation */
  readonly n: (generation: number) => number;
  /** records of the sets that the generation's terms read, by setName */
  readonly sizes: ReadonlyMap<string, number>;
  /** of an in-place term: the position of the record that the other set's i-th one continues */
  readonly continued?: (i: number) => number;
  readonly rngOf: SampleRng;
}

/** By what a member draws. */
interface Drawing {
  readonly terms: readonly Term[];
  /** records of each generation; absent: all that there are */
  readonly sample?: SamplePlan;
}

/**
 * What each generation is drawn by: generation 0 is a sample of the real records.
 * @param earlier what held up to a generation, in their order, where it was something else
 * @param real how many real records there are
 */
export function drawingOf(
  drawing: Drawing & { readonly generation: number; readonly earlier?: readonly (Drawing & { readonly to: number })[] },
  real: () => number,
): Pick<SelectOptions, 'termsAt' | 'n'> {
  const at = (t: number): Drawing => drawing.earlier?.find(({ to }) => t <= to) ?? drawing;
  return {
    termsAt: (t) => (t === 0 && drawing.generation > 0 ? firstTerms(at(0).sample!) : at(t).terms),
    n(t) {
      const { sample } = at(t);
      return sample === undefined ? real() : sizeAt(sample, t);
    },
  };
}

/**
 * The records that a generation trains on (spec/mixture.ts says what each term means), in the order of where they come from: real
 * ones, then what was written, oldest first; those of one set in their order, but for an in-place term, whose records stand among
 * the other's. Where a model wrote fewer records than are asked for, because empty ones were dropped, all of them are taken.
 */
export function select(options: SelectOptions): Run[] {
  const { termsAt, self, generation: t, n, rngOf } = options;
  const terms = termsAt(t);
  const rng = rngOf(t);
  const size = (set: PoolSet): number => {
    const records = options.sizes.get(setName(set));
    if (records === undefined) throw new Error(`internal: ${setName(set)} is not at hand`);
    return records;
  };
  const inPlace = terms.find(({ draw }) => draw === 'in-place');
  if (inPlace) return amongOthers(inPlace, terms, options, size);

  const counts = countsAt(options, t);
  const unseen = unseenAt(options, t);
  const parts: (Part & { readonly age: number })[] = [];
  terms.forEach((one, i) => {
    const sets = setsOf(one, self, t);
    if (sets.some(({ kind }) => kind === 'unseen')) return;
    parts.push({ age: ageOf(sets[0]), term: one, runs: runsOf(one, sets, counts[i]) });
  });
  // those that draw new real records have one weight
  if (unseen > 0) parts.push({ age: -1, term: terms.find(({ draw }) => draw === 'fresh')!, runs: newReal() });
  return weighted(parts.sort((a, b) => a.age - b.age));

  function runsOf(one: Term, sets: readonly PoolSet[], count: number | 'all'): Run[] {
    const whole = sets.map((set) => ({ set: setName(set), first: 0, count: size(set) })).filter((run) => run.count > 0);
    if (count === 'all') return whole;
    const total = whole.reduce((sum, run) => sum + run.count, 0);
    // what models write may be less than was asked of them, but of real texts a file says how many it means
    if (typeof one.take === 'object' && 'count' in one.take && count > total && !one.through && sets.every(({ kind }) => kind === 'real' || kind === 'source'))
      throw new HabsburgError('invalid', `a term asks for ${count} records of ${nameOfSource(one)}, which has ${total}; lower the count, or give more text`); // prettier-ignore
    const chosen = one.draw === 'fresh' ? byLot(one, sets[0], total, count) : rng.derive(nameOf(one)).permutation(total).slice(0, count); // prettier-ignore
    return inOrder(whole, chosen);
  }

  /** A set's first records by lot are its next reading's, its last a later one's: none serves twice. */
  function byLot(one: Term, set: PoolSet, total: number, count: number): Uint32Array {
    const writer = set.kind === 'written' ? set.generation : 0;
    const lags = terms.filter((other) => other.draw === 'fresh' && nameOfSource(other) === nameOfSource(one)).map((other) => lagOf(other)!); // prettier-ignore
    const order = rngOf(writer).derive('uses').permutation(total);
    if (lagOf(one) === Math.min(1, ...lags)) return order.slice(0, count);
    return count === 0 ? new Uint32Array() : order.slice(-count);
  }

  /** Generations take the real records in one random order, so that none is seen twice. */
  function newReal(): Run[] {
    let used = 0;
    for (let s = 0; s < t; s++) used += unseenAt(options, s);
    const real: PoolSet = { kind: 'unseen' };
    const records = size(real);
    if (used + unseen > records)
      throw new HabsburgError(
        'invalid',
        `data.train has ${records} records, ${used === 0 ? `and the member's sample asks for ${unseen}` : `of which ${used} are used, and ${unseen} new ones are needed`}; lower the sample, or give more data`,
      );
    const chosen = rngOf(0)
      .permutation(records)
      .slice(used, used + unseen);
    return inOrder([{ set: setName(real), first: 0, count: records }], chosen);
  }

  function countsAt({ termsAt: at }: SelectOptions, s: number): (number | 'all')[] {
    const source = rngOf(s).derive('source');
    // n is asked for where it is divided; elsewhere it may not be known
    const divided = at(s).some(({ take }) => take !== 'all' && !('count' in take));
    return allot(at(s), divided ? n(s) : 0, (i) => source.uniform(i));
  }

  /** How many new real records generation s takes in. */
  function unseenAt(of: SelectOptions, s: number): number {
    const isUnseen = termsAt(s).map((one) => setsOf(one, self, s).some(({ kind }) => kind === 'unseen'));
    if (!isUnseen.includes(true)) return 0;
    return countsAt(of, s).reduce<number>((sum, count, i) => sum + (isUnseen[i] ? (count as number) : 0), 0);
  }
}

/**
 * Exactly round(share x n) of the n records of the other term's set, drawn without replacement, give their places to the real records
 * of the same positions (Nature's 10 %). More may be written than there are real records: each is then continued more than once.
 */
function amongOthers(inPlace: Term, terms: readonly Term[], options: SelectOptions, size: (set: PoolSet) => number): Run[] {
  const { generation: t, self, rngOf, continued = (i) => i } = options;
  const [other] = terms.filter((one) => one !== inPlace);
  const [set] = setsOf(other, self, t);
  const [n, real] = [size(set), size({ kind: 'real' })];
  const share = (inPlace.take as { readonly share: number }).share;
  const kept = new Set(
    rngOf(t)
      .permutation(n)
      .subarray(0, Math.round(share * n)),
  );
  const runs: Run[] = [];
  for (let i = 0; i < n; i++) {
    if (kept.has(i)) push(runs, 'real', continued(i) % real);
    else push(runs, setName(set), i);
  }
  return weighted(runs.map((run) => ({ term: run.set === 'real' ? inPlace : other, runs: [run] })));
}

/** The runs of a term. */
interface Part {
  readonly term: Term;
  readonly runs: readonly Run[];
}

/** The runs of all parts in their order, with what each counts for. */
function weighted(parts: readonly Part[]): Run[] {
  const counted = (golden: boolean) =>
    parts.reduce((sum, { term, runs }) => sum + ((term.lossWeight === 'golden') === golden ? recordsOf(runs) : 0), 0);
  const weightOf = ({ lossWeight }: Term) =>
    lossWeight === 'golden' ? goldenLossWeight(counted(true), counted(false)) : lossWeight;
  return parts.flatMap(({ term, runs }) => {
    const weight = weightOf(term);
    return weight === undefined ? runs : runs.map((run) => ({ ...run, weight }));
  });
}

const recordsOf = (runs: readonly Run[]): number => runs.reduce((sum, { count }) => sum + count, 0);

/** Positions counted through sets that follow each other, as runs in their order. */
function inOrder(whole: readonly Run[], positions: Uint32Array): Run[] {
  const runs: Run[] = [];
  let at = 0;
  let before = 0;
  for (const position of positions.sort()) {
    while (position - before >= whole[at].count) before += whole[at++].count;
    push(runs, whole[at].set, position - before);
  }
  return runs;
}

function push(runs: Run[], set: string, position: number): void {
  const last = runs.at(-1);
  if (last?.set === set && last.first + last.count === position) runs[runs.length - 1] = { ...last, count: last.count + 1 };
  else runs.push({ set, first: position, count: 1 });
}

const ageOf = (set: PoolSet): number => (set.kind === 'written' ? set.generation : set.kind === 'past' ? 0 : -1);
const nameOfSource = (one: Term): string => sourcesOf(one).join('+');
/** The name of a term's draw, so that it is the same whatever stands beside it. */
const nameOf = (one: Term): string => `${nameOfSource(one)}@${one.generation}`;
