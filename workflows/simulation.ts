/** The generations of a block of cheap chains: some hundreds to a thousand in one step, instead of a step for each thing done. */
import type { StepPlace, StepResult } from '../activities/types.js';
import type { MemberIndex } from '../spec/documents.js';
import { BLOCKS } from '../spec/simulation/blocks.js';
import type { SimulationRunPlan } from '../spec/simulation/plan.js';
import type { Steps } from './proxies.js';
import type { RunState } from './run-state.js';

export interface SimulationControl {
  readonly steps: Steps;
  step(name: string, call: () => Promise<StepResult>): Promise<StepResult>;
  place(generation: number, member: string): StepPlace;
  /** tells what the step that began at `from` left */
  record(from: number, to: number, members: Readonly<Record<string, MemberIndex>>): void;
  /** where it is time (workflows/onward.ts), goes on in a new execution and does not return */
  leaveIfDue(): Promise<void>;
  /** the state's next generation is about to be done */
  enter(): void;
}

/**
 * Steps end at fixed generations, except the last. An experiment that is extended does its last, shorter step again in full length,
 * so that what it leaves does not depend on when it was extended.
 */
export async function simulateGenerations(plan: SimulationRunPlan, state: RunState, control: SimulationControl): Promise<void> {
  const { member, mixture, data, sources, claims, seeds } = plan;
  const length = BLOCKS[member.world.family].generations;
  while (state.hasMore) {
    control.enter();
    const { next: from, chains } = state;
    const end = from + length - 1;
    const to = Math.min(end, state.generations);
    const input = { place: control.place(from, member.name), member, mixture, data, sources, claims, seeds, to, state: chains };
    const { key, cached, outputs, report } = await control.step('simulate', () => control.steps.simulate(input));
    const index: MemberIndex = {
      model: outputs.state,
      series: outputs.series,
      steps: { simulate: { key, cached, report: { ...report } } },
      ...(chains ? { follows: chains.digest } : {}),
    };
    control.record(from, to, { [member.name]: index });
    if (to < end) state.reachWithin(to);
    else state.reach(to, outputs.state);
    if (state.hasMore && to === end) await control.leaveIfDue();
  }
}
