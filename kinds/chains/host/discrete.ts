/**
 * Frequencies over K states: the Markov chain on counts (Wright–Fisher drift). Its absorbing states are the distributions on one
 * state, reached at state i with probability p(i).
 */
import { MEASURES } from '../measures.js';
import type { DiscreteWorld } from '../plan.js';
import { zipfProbabilities } from '../truth.js';
import { AliasTable } from './draws.js';
import type { Draws } from './draws.js';
import type { ChainFamily } from './types.js';

/** K counts and their sum. */
interface Counts {
  readonly n: number;
  readonly counts: Float64Array;
}

interface World {
  readonly truth: AliasTable;
  readonly states: number;
}

export const discrete: ChainFamily<DiscreteWorld, World, Counts, Counts> = {
  name: 'discrete',
  version: 1,
  measures: MEASURES.discrete,
  world: ({ plan }) => ({ truth: new AliasTable(zipfProbabilities(plan)), states: plan.states }),
  real: (world, n, draws) => sample(world.truth, world.states, n, draws),
  // the maximum-likelihood fit is the counts themselves
  fit: (_world, data) => data,
  generate: (_world, model, n, draws) => sample(new AliasTable(model.counts), model.counts.length, n, draws),
  merge(world, parts) {
    const counts = new Float64Array(world.states);
    for (const part of parts) for (let i = 0; i < counts.length; i++) counts[i] += part.counts[i];
    return { n: parts.reduce((sum, part) => sum + part.n, 0), counts };
  },
  subset(world, data, n, draws) {
    const urn = new Uint32Array(data.n);
    let at = 0;
    data.counts.forEach((count, state) => {
      urn.fill(state, at, at + count);
      at += count;
    });
    const counts = new Float64Array(world.states);
    for (const item of draws.choose(data.n, n)) counts[urn[item]]++;
    return { n, counts };
  },
  size: ({ n }) => n,
  measure(world, { n, counts }) {
    let squares = 0;
    let entropy = 0;
    let alive = 0;
    let largest = 0;
    for (const count of counts) {
      if (count === 0) continue;
      const p = count / n;
      squares += p * p;
      entropy -= p * Math.log(p);
      alive++;
      largest = Math.max(largest, p);
    }
    return [1 - squares, alive === 1 ? 0 : entropy, alive / world.states, largest];
  },
};

function sample(table: AliasTable, states: number, n: number, draws: Draws): Counts {
  const counts = new Float64Array(states);
  for (let i = 0; i < n; i++) counts[table.draw(draws)]++;
  return { n, counts };
}
