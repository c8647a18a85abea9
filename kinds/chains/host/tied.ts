/**
 * Chains of one seed that move on together, a generation of all of them before the next: members that learn from each other, in the
 * order in which each comes after those that it reads in the same generation. One alone is a group, too.
 */
import { memberOrder, termsOf, writtenBy, type MixturePlan } from '../../../spec/mixture.js';
import type { ChainPart } from '../plan.js';
import { Chain } from './chain.js';
import type { ChainState, Neighbours } from './mixtures.js';
import type { ChainFamily, WorldText } from './types.js';

/** Of one chain alone its state as it is; of several by their names. */
export type GroupState = ChainState | { readonly members: Readonly<Record<string, ChainState>> };

export interface GroupOptions {
  readonly family: ChainFamily;
  readonly parts: readonly ChainPart[];
  /** the first generation to come: mixtures of phases before it are past */
  readonly from: number;
  readonly seed: number;
  readonly text?: WorldText;
}

export class ChainGroup {
  /** in the order of the parts */
  readonly chains: readonly Chain[];
  readonly #parts: readonly ChainPart[];
  readonly #order: readonly Chain[];
  readonly #keepsEarlier: boolean;
  /** what members wrote in this generation and the last, as far as somebody read it */
  #written = new Map<string, { readonly generation: number; readonly set: unknown }>();

  /** @param state where to go on; absent: before generation 0 */
  constructor({ family, parts, from, seed, text }: GroupOptions, state?: GroupState) {
    const every = parts.flatMap((part) => mixturesOf(part).flatMap(termsOf));
    const records = parts.length > 1 && every.some(({ take, draw }) => take !== 'all' && draw !== 'fresh');
    this.#parts = parts;
    this.#keepsEarlier = every.some(({ generation }) => generation === -2);
    this.chains = parts.map(({ member, mixture, phases = [] }) => {
      const others = (which: (start: number) => boolean) => phases.filter((one) => which(one.from)).map((one) => one.mixture);
      const [before, later] = [others((start) => start <= from), others((start) => start > from)];
      const own = state && 'members' in state ? state.members[member.name] : state;
      return new Chain({ family, member, mixture, before, later, records, seed, text }, own);
    });
    const order = memberOrder(parts.map(({ member, mixture }) => ({ name: member.name, mixture })));
    this.#order = order.map(({ name }) => this.#named(name));
  }

  /** The last generation done; -1 before generation 0. */
  get generation(): number {
    return this.chains[0].generation;
  }

  /** Call after `step`. */
  get state(): GroupState {
    const [first, ...others] = this.chains;
    if (others.length === 0) return first.state!;
    return { members: Object.fromEntries(this.chains.map(({ name, state }) => [name, state!])) };
  }

  /** Fits one more generation of every member. */
  step(): void {
    if (this.chains.length === 1) return this.chains[0].step();
    const t = this.generation + 1;
    const before = new Map(this.chains.map(({ name, state }) => [name, state]));
    for (const [key, { generation }] of this.#written) if (generation < t - 1) this.#written.delete(key);
    const model = (member: string, lag: number) => {
      if (lag === 0) return this.#named(member).state!.model;
      return lag === 1 ? before.get(member)!.model : before.get(member)!.earlier;
    };
    const neighbours: Omit<Neighbours, 'self'> = {
      keepsEarlier: this.#keepsEarlier,
      model,
      written: (member, lag) => {
        const key = `${member}@${t - lag}`;
        const known = this.#written.get(key);
        if (known) return known.set;
        const chain = this.#named(member);
        const set = chain.write(model(member, lag), t - lag, this.#count(chain, t - lag));
        this.#written.set(key, { generation: t - lag, set });
        return set;
      },
    };
    for (const chain of this.#order) chain.step({ ...neighbours, self: chain.name });
  }

  /** Records that a member's model t writes: the same whether it is read in its own generation or the next, across a change, too. */
  #count(writer: Chain, t: number): number {
    const stages = this.#parts[0].phases ?? [undefined];
    return Math.max(
      ...stages.map((_, stage) => {
        const readers = this.chains.map(({ name, sample }, i) => {
          const { mixture, phases } = this.#parts[i];
          return { name, sample, mixture: phases ? phases[stage].mixture : mixture };
        });
        return writtenBy(
          readers.find(({ name }) => name === writer.name)!,
          readers,
          t,
        )!;
      }),
    );
  }

  #named(name: string): Chain {
    return this.chains.find((chain) => chain.name === name)!;
  }
}

function mixturesOf({ mixture, phases = [] }: ChainPart): MixturePlan[] {
  return [mixture, ...phases.map((one) => one.mixture)];
}
