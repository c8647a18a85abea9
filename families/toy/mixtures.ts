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
  const real = (k: number) => family.real(world, k, new Draws(rng, t, 'real'));
  if (!before) {
    const data = real(n);
    const carry = {
      ...(mixture.kind === 'keep-share' || mixture.kind === 'fixed-real' ? { real: data } : {}),
      ...(mixture.kind === 'accumulate' || mixture.kind === 'accumulate-subsample' ? { pool: data } : {}),
    };
    return { data, carry };
  }
  const written = (k: number) => family.generate(world, before.model, k, new Draws(rng, t, 'written'));
  const merge = (...parts: unknown[]) => family.merge(world, parts);
  switch (mixture.kind) {
    case 'replace':
      return { data: written(n), carry: {} };
    case 'keep-share': {
      const kept = Math.min(Math.round(mixture.share * n), family.size(before.real));
      const data = family.subset(world, before.real, kept, new Draws(rng, t, 'mixture'));
      return { data: kept < n ? merge(data, written(n - kept)) : data, carry: { real: before.real } };
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
      return { data: fresh < n ? merge(real(fresh), written(n - fresh)) : real(n), carry: {} };
    }
    case 'fixed-real':
      return { data: merge(before.real, written(n)), carry: { real: before.real } };
    case 'weights': {
      const counts = sourceCounts(mixture, n, new Draws(rng, t, 'mixture'));
      const newReal = counts.gamma + (before.earlier === undefined ? counts.beta : 0);
      const parts = [
        ...(counts.alpha > 0 ? [written(counts.alpha)] : []),
        ...(counts.beta > 0 && before.earlier !== undefined
          ? [family.generate(world, before.earlier, counts.beta, new Draws(rng, t, 'earlier'))]
          : []),
        ...(newReal > 0 ? [real(newReal)] : []),
      ];
      return { data: parts.length === 1 ? parts[0] : merge(...parts), carry: { earlier: before.model } };
    }
  }
}

/** Each of n records has its source drawn. */
function sourceCounts(
  { alpha, beta }: { alpha: number; beta: number },
  n: number,
  draws: Draws,
): { alpha: number; beta: number; gamma: number } {
  const counts = { alpha: 0, beta: 0, gamma: 0 };
  for (let i = 0; i < n; i++) {
    const u = draws.uniform();
    counts[u < alpha ? 'alpha' : u < alpha + beta ? 'beta' : 'gamma']++;
  }
  return counts;
}
