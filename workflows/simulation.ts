/** The generations of a block of cheap chains: some hundreds to a thousand in one step, instead of a step for each thing done. */
import type { ArtifactRef } from '../artifacts/types.js';
import type { StepPlace, StepResult } from '../activities/types.js';
import { BLOCKS } from '../spec/simulation/blocks.js';
import type { SimulationRunPlan } from '../spec/simulation/plan.js';
import type { MemberIndex } from '../spec/documents.js';
import type { Steps } from './proxies.js';

export interface SimulationControl {
  readonly steps: Steps;
  step(name: string, call: () => Promise<StepResult>): Promise<StepResult>;
  place(member: string, generation: number): StepPlace;
  /** the last generation, as of now */
  generations(): number;
  /** adds what the step that began at `from` left */
  record(from: number, to: number, members: Readonly<Record<string, MemberIndex>>): Promise<void>;
  /** the history is long: go on in a new execution; does not return */
  leaveIfLong(next: number, chains: ArtifactRef): Promise<void>;
  /** generation `next` is about to be done */
  enter(next: number): void;
}

/**
 * Steps end at fixed generations, except the last. An experiment that is extended does its last, shorter step again in full length,
 * so that what it leaves does not depend on when it was extended.
 * @returns the last generation
 */
export async function simulateGenerations(
  plan: SimulationRunPlan,
  start: { readonly next: number; readonly chains?: ArtifactRef },
  control: SimulationControl,
): Promise<number> {
  const { member, mixture, data, seeds } = plan;
  const length = BLOCKS[member.world.family].generations;
  let { next: from, chains } = start;
  for (;;) {
    control.enter(from);
    const to = Math.min(from + length - 1, control.generations());
    const input = { place: control.place(member.name, from), member, mixture, data, seeds, to, state: chains };
    const { key, cached, outputs, report } = await control.step('simulate', () => control.steps.simulate(input));
    const index: MemberIndex = {
      model: outputs.state,
      series: outputs.series,
      steps: { simulate: { key, cached, report: { ...report } } },
      ...(chains ? { follows: chains.digest } : {}),
    };
    await control.record(from, to, { [member.name]: index });
    if (to === from + length - 1) {
      from = to + 1;
      chains = outputs.state;
    }
    if (to >= control.generations()) return to;
    if (chains && from > to) await control.leaveIfLong(from, chains);
  }
}
