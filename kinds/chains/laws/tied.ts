/**
 * How expected variances and squared errors move under any list of terms that takes whole sets, shares and counts, exactly, for members
 * that learn from each other, too. The mean of every set of records is a sum of means before it and of noise of its own that is
 * uncorrelated with them, so the covariances of these means follow from one generation to the next; with them and the second moments
 * of the sets goes the argument of moments.ts.
 */
import { REAL, SELF, allot, lagOf, memberOrder, sizeAt, sourcesOf, termsOf, writtenBy, type MixturePlan, type SamplePlan, type Term } from '../../../spec/mixture.js'; // prettier-ignore
import type { ExpectedMoments, MomentWorld } from './moments.js';

export interface TiedMember {
  readonly name: string;
  readonly world: MomentWorld;
  readonly sample: SamplePlan;
  readonly mixture: MixturePlan;
}

/** Covariances of the errors of means: E[(x - true mean)(y - true mean)], per coordinate. */
class Errors {
  readonly #rows = new Map<number, Map<number, number>>();
  #next = 0;

  /** A mean that is a weighted sum of others, plus noise of its own with this variance. @returns its number */
  add(parts: readonly (readonly [mean: number, weight: number])[], noise: number): number {
    const row = new Map<number, number>();
    for (const other of this.#rows.keys())
      row.set(
        other,
        sum(parts, ([mean, weight]) => weight * this.of(mean, other)),
      );
    const own = noise + sum(parts, ([mean, weight]) => weight * row.get(mean)!);
    for (const [other, value] of row) this.#rows.get(other)!.set(this.#next, value);
    row.set(this.#next, own);
    this.#rows.set(this.#next, row);
    return this.#next++;
  }

  of(a: number, b = a): number {
    return this.#rows.get(a)!.get(b)!;
  }

  /** Forgets all others. */
  keep(means: ReadonlySet<number>): void {
    for (const one of this.#rows.keys()) if (!means.has(one)) this.#rows.delete(one);
    for (const row of this.#rows.values()) for (const one of row.keys()) if (!means.has(one)) row.delete(one);
  }
}

/** A model: the number of its mean, and its expected variance. */
interface Model {
  readonly mean: number;
  readonly variance: number;
}

/** Records that there are: the number of their mean, how many, and the expected square of one's distance from the true mean. */
interface RecordSet {
  readonly mean: number;
  readonly size: number;
  readonly second: number;
}

/** Of a member's training set: sums over its records. */
interface Sums {
  readonly means: readonly (readonly [mean: number, records: number])[];
  readonly noise: number;
  readonly second: number;
  readonly size: number;
}

/**
 * Expectations of each member's generations 0 … last; undefined where records are drawn by weights, how many of which is random.
 * @param members all with the same truth; one alone reads itself
 */
export function expectedTogether(
  members: readonly TiedMember[],
  last: number,
): ReadonlyMap<string, readonly ExpectedMoments[]> | undefined {
  const lists = new Map(members.map(({ name, mixture }) => [name, termsOf(mixture)]));
  for (const terms of lists.values()) if (terms.some(({ take }) => take !== 'all' && 'weight' in take)) return undefined;
  const errors = new Errors();
  const out = new Map<string, ExpectedMoments[]>(members.map(({ name }) => [name, []]));
  const now = new Map<string, Model>();
  let before = new Map<string, Model>();
  let earlier = new Map<string, Model>();
  const real = new Map<string, RecordSet>();
  /** by reader and sources */
  const pools = new Map<string, RecordSet>();

  const fit = ({ name, world }: TiedMember, { means, noise, second, size }: Sums): void => {
    const mean = errors.add(means.map(([one, records]) => [one, records / size] as const), noise / size ** 2); // prettier-ignore
    const squaredError = errors.of(mean);
    const variance = world.factor(size) * (second / size - squaredError) + world.inflation(size);
    now.set(name, { mean, variance });
    out.get(name)!.push({ variance, squaredError });
  };
  const together = (sets: readonly RecordSet[]): RecordSet => {
    if (sets.length === 1) return sets[0];
    const size = sum(sets, (one) => one.size);
    const mean = errors.add(sets.map((one) => [one.mean, one.size / size] as const), 0); // prettier-ignore
    return { mean, size, second: sum(sets, (one) => one.size * one.second) / size };
  };
  const whole = ({ mean, size, second }: RecordSet): Sums => ({ means: [[mean, size]], noise: 0, second: size * second, size });
  /** k without replacement: their mean is off the set's by its variance with divisor size - 1, by k, less what is drawn of it. */
  const drawn = (set: RecordSet, k: number): Sums => ({
    means: [[set.mean, k]],
    noise: set.size > 1 ? (k * (set.size - k) * (set.second - errors.of(set.mean))) / (set.size - 1) : 0,
    second: k * set.second,
    size: k,
  });

  for (const member of members) {
    const size = sizeAt(member.sample, 0);
    const { variance } = member.world;
    const first = { mean: errors.add([], variance / size), size, second: variance };
    real.set(member.name, first);
    fit(member, whole(first));
    for (const one of lists.get(member.name)!)
      if (one.generation === 'all' && sourcesOf(one).includes(REAL)) pools.set(poolName(member.name, one), first);
  }
  const order = memberOrder(members).map(({ name }) => members.find((member) => member.name === name)!);
  const written = new Map<string, RecordSet>();
  for (let t = 1; t <= last; t++) {
    [earlier, before] = [before, new Map(now)];
    const modelOf = (name: string, lag: number) => [now, before, earlier][lag].get(name);
    const setOf = (name: string, lag: number): RecordSet => {
      const key = `${name}@${t - lag}`;
      const known = written.get(key);
      if (known) return known;
      const { mean, variance } = modelOf(name, lag)!;
      const size = writtenBy(
        members.find((member) => member.name === name)!,
        members,
        t - lag,
      )!;
      const set = { mean: errors.add([[mean, 1]], variance / size), size, second: variance + errors.of(mean) };
      written.set(key, set);
      return set;
    };
    for (const member of order) {
      const { name, sample, world } = member;
      const terms = lists.get(name)!;
      const writers = (one: Term) => sourcesOf(one).flatMap((from) => (from === REAL ? [] : [from === SELF ? name : from]));
      for (const one of terms) {
        if (one.generation !== 'all') continue;
        const pool = pools.get(poolName(name, one));
        pools.set(poolName(name, one), together([...(pool ? [pool] : []), ...writers(one).map((writer) => setOf(writer, 1))]));
      }
      const setsOf = (one: Term): RecordSet => {
        if (one.generation === 'all') return pools.get(poolName(name, one))!;
        if (writers(one).length === 0) return real.get(name)!;
        return together(writers(one).map((writer) => setOf(writer, lagOf(one)!)));
      };
      const fresh = (one: Term, k: number): Sums => {
        const [writer] = writers(one);
        const model = writer === undefined ? undefined : modelOf(writer, lagOf(one)!);
        if (!model) return { means: [], noise: k * world.variance, second: k * world.variance, size: k };
        const second = k * (model.variance + errors.of(model.mean));
        return { means: [[model.mean, k]], noise: k * model.variance, second, size: k };
      };
      const counts = allot(terms, sizeAt(sample, t), () => 0);
      const inPlace = terms.find(({ draw }) => draw === 'in-place');
      const parts = terms.map((one, i): Sums => {
        const k = counts[i];
        const set = () => setsOf(one);
        if (inPlace) {
          const other = setsOf(terms.find((term) => term !== inPlace)!);
          const { share } = inPlace.take as { readonly share: number };
          const kept = Math.min(Math.round(share * other.size), real.get(name)!.size);
          return one === inPlace ? drawn(real.get(name)!, kept) : drawn(other, other.size - kept);
        }
        if (k === 'all') return whole(set());
        if (one.draw === 'fresh') return fresh(one, k);
        return drawn(set(), writers(one).length === 0 ? Math.min(k, set().size) : k);
      });
      fit(member, {
        means: parts.flatMap(({ means }) => means),
        noise: sum(parts, ({ noise }) => noise),
        second: sum(parts, ({ second }) => second),
        size: sum(parts, ({ size }) => size),
      });
    }
    for (const key of written.keys()) if (!key.endsWith(`@${t}`)) written.delete(key);
    errors.keep(
      new Set([
        ...[now, before].flatMap((models) => [...models.values()].map(({ mean }) => mean)),
        ...[real, pools, written].flatMap((sets) => [...sets.values()].map(({ mean }) => mean)),
      ]),
    );
  }
  return out;
}

const poolName = (reader: string, one: Term): string => `${reader} of ${sourcesOf(one).join('+')}`;

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
