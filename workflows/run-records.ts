/** What a run writes into the store about itself: a small document when there is something to tell, none of them ever read again. */
import type { MemberIndex, ResultDocument, RunDocument } from '../spec/documents.js';
import { placementKey, placementOf } from '../spec/placement.js';
import type { ExecutionPlan } from '../spec/plan.js';
import { inputName } from '../spec/scored.js';
import type { EvaluateInput, RunInput } from './contract.js';
import { recordsOn } from './proxies.js';
import type { RunState } from './run-state.js';

export type RunPlace = NonNullable<EvaluateInput['place']>;

/** Where the documents of a run are filed; one that was started by itself belongs to no experiment's results. */
export function placeOf({ plan, digest }: Pick<RunInput, 'plan' | 'digest'>): RunPlace | undefined {
  return digest && { experiment: plan.experiment, plan: digest, run: plan.id };
}

/** Writes documents of a run, where it has a place for them. */
export function recorder(
  place: RunPlace | undefined,
  { store, execution, engine }: { readonly store: string; readonly execution: ExecutionPlan; readonly engine?: string },
): (document: (place: RunPlace) => ResultDocument) => Promise<void> {
  const { record } = recordsOn(execution.queues.cpu);
  return async (document) => place && record({ store, ...(engine === undefined ? {} : { engine }), document: document(place) });
}

export class RunRecords {
  readonly #record: ReturnType<typeof recorder>;

  constructor(
    input: RunInput,
    private readonly state: RunState,
  ) {
    const { store, engines } = input;
    const { execution } = input.plan;
    this.#record = recorder(placeOf(input), { store, execution, engine: engines?.[placementKey(placementOf(execution))] });
  }

  status(status: RunDocument['status'], failure?: string): Promise<void> {
    return this.#record((place) => ({
      schema: 'habsburg.run/v2',
      ...place,
      status,
      ...(failure === undefined ? {} : { failure }),
      generations: this.state.generations,
      inputs: this.#inputs(),
    }));
  }

  /** @param to of a step of many generations, the last */
  generation(generation: number, members: Readonly<Record<string, MemberIndex>>, to?: number): Promise<void> {
    return this.#record((place) => ({
      schema: 'habsburg.generation/v1',
      ...place,
      generation,
      ...(to === undefined ? {} : { to }),
      members: { ...members },
    }));
  }

  #inputs(): RunDocument['inputs'] {
    const members = Object.entries(this.state.members);
    const inputs: NonNullable<RunDocument['inputs']> = {};
    for (const [name, { prepared }] of members) {
      for (const [role, ref] of Object.entries(prepared)) if (ref) inputs[inputName(members.length, name, role)] = ref;
    }
    return inputs;
  }
}
