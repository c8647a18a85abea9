/** Chains of many seeds, as numbers by generation. */
import { Chain } from '../../../kinds/chains/host/chain.js';
import { familyNamed } from '../../../kinds/chains/host/index.js';
import type { ChainFamily } from '../../../kinds/chains/host/types.js';
import type { Law } from '../../../kinds/chains/laws/types.js';
import type { MixtureRule, SamplePlan } from '../../../spec/mixture.js';
import type { WorldPlan } from '../../../kinds/chains/plan.js';

/** Of one check, so that all fifty checks of true laws together pass with 99 %. */
export const CONFIDENCE = 1 - 0.01 / 50;

/** [generation][measure][seed] */
export type Simulated = number[][][];

export function simulate(
  world: WorldPlan,
  sample: SamplePlan,
  mixture: MixtureRule,
  seeds: number,
  generations: number,
): Simulated {
  const family = familyNamed(world.family);
  const out: Simulated = Array.from({ length: generations + 1 }, () => family.measures.map(() => []));
  for (let seed = 1; seed <= seeds; seed++) {
    const chain = new Chain({ family, member: { name: 'm', world, sample }, mixture, seed });
    for (let t = 0; t <= generations; t++) {
      chain.step();
      chain.measure().forEach((value, m) => out[t][m].push(value));
    }
  }
  return out;
}

export function byLaw(values: Simulated, law: Law, family: ChainFamily): Map<number, number[]> {
  const m = family.measures.findIndex(({ metric, variant }) => metric === law.metric && variant === law.variant);
  if (m < 0) throw new Error(`no measure ${law.metric} ${law.variant}`);
  return new Map(values.map((at, t) => [t, at[m]]));
}
