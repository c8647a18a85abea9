/** The mixtures: what the training set of a generation is made of, over any cheap family. */
import { sizeAt, type MixtureRule, type SamplePlan } from '../../spec/mixture.js';
import type { CounterRng } from '../../common/philox.js';
import { Draws } from './draws.js';
import type { ToyFamily } from './types.js';

/** What a chain carries from generation to generation. */
export interface ChainState {
  /** the last generation done */
  readonly generation: number;
  readonly model: unknown;
  /** model t-1, where the mixture draws from it */
  readonly earlier?: unknown;
  /** the real records of generation 0, where the mixture comes back to them */
  readonly real?: unknown;
  /** all records so far, where the mixture accumulates */
  readonly pool?: unknown;
}

/** Whether single records are drawn again from data, so that sufficient statistics alone will not do. */
export function needsRecords(mixture: MixtureRule): boolean {
  return mixture.kind === 'keep-share' || mixture.kind === 'accumulate-subsample';
}

/**
 * The training set of generation t, and what the next generations need of the past.
 * @param before undefined in generation 0
 */
export function trainingSet(
  family: ToyFamily,
  world: unknown,
  mixture: MixtureRule,
  sample: SamplePlan,
  rng: CounterRng,
  t: number,
  before: ChainState | undefined,
): { readonly data: unknown; readonly carry: Pick<ChainState, 'earlier' | 'real' | 'pool'> } {
  const n = sizeAt(sample, t);
  const real = (k: number, places?: Uint32Array) => family.real(world, k, new Draws(rng, t, 'real'), places);
  if (!before) {
    const data = real(n);
    const carry = {
      ...(mixture.kind === 'keep-share' || mixture.kind === 'fixed-real' ? { real: data } : {}),
      ...(mixture.kind === 'accumulate' || mixture.kind === 'accumulate-subsample' ? { pool: data } : {}),
    };
    return { data, carry };
  }
  const written = (k: number, places?: Uint32Array) =>
    family.generate(world, before.model, k, new Draws(rng, t, 'written'), places);
  const placed = family.places !== undefined;
  const merge = (...parts: unknown[]) => family.merge(world, parts);
  switch (mixture.kind) {
    case 'replace':
      return { data: written(n), carry: {} };
    case 'keep-share': {
      const kept = Math.min(Math.round(mixture.share * n), family.size(before.real));
      const data = family.subset(world, before.real, kept, new Draws(rng, t, 'mixture'));
      const rest = family.places && placesWithout(family.places(data), n);
      return { data: kept < n ? merge(data, written(n - kept, rest)) : data, carry: { real: before.real } };
    }
    case 'accumulate': {
      const pool = merge(before.pool, written(n));
      return { data: pool, carry: { pool } };
    }
    case 'accumulate-subsample': {
      const pool = merge(before.pool, written(n));
      return { data: family.subset(world, pool, n, new Draws(rng, t, 'mixture')), carry: { pool } };
    }
    case 'fresh': {
      const fresh = Math.round(mixture.share * n);
      if (fresh === 0) return { data: written(n), carry: {} };
      if (fresh === n) return { data: real(n), carry: {} };
      const places = placed ? new Draws(rng, t, 'mixture').choose(n, fresh) : undefined;
      const rest = places && placesWithout(places, n);
      return { data: merge(real(fresh, places), written(n - fresh, rest)), carry: {} };
    }
    case 'fixed-real':
      return { data: merge(before.real, written(n)), carry: { real: before.real } };
    case 'weights': {
      const { alpha, beta, gamma } = drawSources(mixture, n, before.earlier !== undefined, new Draws(rng, t, 'mixture'));
      const at = (places: Uint32Array) => (placed ? places : undefined);
      const parts = [
        ...(alpha.length > 0 ? [written(alpha.length, at(alpha))] : []),
        ...(beta.length > 0 ? [family.generate(world, before.earlier, beta.length, new Draws(rng, t, 'earlier'), at(beta))] : []),
        ...(gamma.length > 0 ? [real(gamma.length, at(gamma))] : []),
      ];
      return { data: parts.length === 1 ? parts[0] : merge(...parts), carry: { earlier: before.model } };
    }
  }
}

/** Places 0 … n-1 without those that are taken. */
function placesWithout(taken: Uint32Array, n: number): Uint32Array {
  const isTaken = new Set(taken);
  return Uint32Array.from({ length: n }, (_, place) => place).filter((place) => !isTaken.has(place));
}

/** Each of n places has the source of its record drawn; while there is no earlier model its part is real. */
function drawSources(
  { alpha, beta }: { readonly alpha: number; readonly beta: number },
  n: number,
  hasEarlier: boolean,
  draws: Draws,
): Record<'alpha' | 'beta' | 'gamma', Uint32Array> {
  const places = { alpha: [] as number[], beta: [] as number[], gamma: [] as number[] };
  for (let i = 0; i < n; i++) {
    const u = draws.uniform();
    places[u < alpha ? 'alpha' : hasEarlier && u < alpha + beta ? 'beta' : 'gamma'].push(i);
  }
  return { alpha: Uint32Array.from(places.alpha), beta: Uint32Array.from(places.beta), gamma: Uint32Array.from(places.gamma) };
}
