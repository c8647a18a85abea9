/** What a run writes into the store about itself: a small document when there is something to tell, none of them ever read again. */
import type { Device } from '../spec/devices.js';
import type { EvaluationDocument, MemberIndex, ResultDocument, RunDocument } from '../spec/documents.js';
import type { RunInput } from './contract.js';
import { recordsOn } from './proxies.js';
import type { RunState } from './run-state.js';

type Place = Pick<RunDocument, 'experiment' | 'plan' | 'run'>;

export class RunRecords {
  readonly #record: (document: (place: Place) => ResultDocument) => Promise<void>;

  constructor(
    { plan, digest, store }: RunInput,
    private readonly state: RunState,
    device: Device | undefined,
  ) {
    const { record } = recordsOn(plan.execution.queues.cpu);
    const place = digest && { experiment: plan.experiment, plan: digest, run: plan.id };
    // a run that was started by itself belongs to no experiment's results
    this.#record = async (document) => place && record({ store, device, document: document(place) });
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

  evaluation(
    generation: number,
    member: string,
    found: Pick<EvaluationDocument, 'of' | 'scores' | 'step' | 'failure'>,
  ): Promise<void> {
    return this.#record((place) => ({ schema: 'habsburg.evaluation/v1', ...place, generation, member, ...found }));
  }

  #inputs(): RunDocument['inputs'] {
    const members = Object.entries(this.state.members);
    const inputs: NonNullable<RunDocument['inputs']> = {};
    for (const [name, { prepared }] of members) {
      for (const [role, ref] of Object.entries(prepared)) if (ref) inputs[members.length > 1 ? `${name}/${role}` : role] = ref;
    }
    return inputs;
  }
}
