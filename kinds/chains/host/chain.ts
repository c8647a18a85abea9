/** One chain: a seed's generations from a state (or from nothing) to a last generation. Pure; the same numbers however it is cut. */
import { CounterRng } from '../../../common/philox.js';
import type { MixturePlan, SamplePlan } from '../../../spec/mixture.js';
import type { ChainMemberPlan } from '../plan.js';
import { Draws } from './draws.js';
import { needsRecords, trainingSet, type ChainState, type Neighbours } from './mixtures.js';
import type { ChainFamily, WorldText } from './types.js';

export interface ChainOptions {
  readonly family: ChainFamily;
  readonly member: ChainMemberPlan;
  readonly mixture: MixturePlan;
  /** mixtures of generations before, and of those to come: what they need is kept */
  readonly before?: readonly MixturePlan[];
  readonly later?: readonly MixturePlan[];
  /** whether others draw single records of what it writes */
  readonly records?: boolean;
  readonly seed: number;
  readonly text?: WorldText;
}

/** One chain, moved on generation by generation. */
export class Chain {
  readonly name: string;
  readonly family: ChainFamily;
  readonly sample: SamplePlan;
  readonly #mixture: MixturePlan;
  readonly #later: readonly MixturePlan[];
  readonly #rng: CounterRng;
  readonly #world: unknown;
  #data: unknown;
  #state: ChainState | undefined;

  /** @param state where to go on; absent: before generation 0 */
  constructor(
    { family, member, mixture, before = [], later = [], records = false, seed, text }: ChainOptions,
    state?: ChainState,
  ) {
    this.name = member.name;
    this.family = family;
    this.#mixture = mixture;
    this.#later = later;
    this.#rng = new CounterRng({ seed, generation: 0, member: member.name, step: 'simulate' });
    this.#world = family.world({
      plan: member.world,
      size: member.sample.size,
      records: records || [...before, mixture, ...later].some(needsRecords),
      draws: new Draws(this.#rng, 0, 'world'),
      text,
    });
    const { size, growth } = member.sample;
    this.sample = { size: size === 0 ? family.whole!(this.#world) : size, growth };
    this.#state = state;
  }

  get state(): ChainState | undefined {
    return this.#state;
  }

  /** The last generation done; -1 before generation 0. */
  get generation(): number {
    return this.#state?.generation ?? -1;
  }

  /** n records of what a model of generation t writes. */
  write(model: unknown, t: number, n: number): unknown {
    return this.family.generate(this.#world, model, n, new Draws(this.#rng, t + 1, 'written'));
  }

  /** Fits one more generation. */
  step(neighbours?: Neighbours): void {
    const t = this.generation + 1;
    const { data, carry } = trainingSet(
      {
        family: this.family,
        world: this.#world,
        mixture: this.#mixture,
        later: this.#later,
        sample: this.sample,
        rng: this.#rng,
      },
      t,
      this.#state,
      neighbours,
    );
    this.#data = data;
    this.#state = { generation: t, model: this.family.fit(this.#world, data, new Draws(this.#rng, t, 'fit')), ...carry };
  }

  /** Records that the last model was fitted to. Call after `step`. */
  get trained(): number {
    return this.family.size(this.#data);
  }

  /** The family's measures of the model just fitted, in their order; NaN or infinite where one is not defined. Call after `step`. */
  measure(): number[] {
    return this.family.measure(this.#world, this.#state!.model, this.#data);
  }
}
