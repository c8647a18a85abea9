/** The generations of a block of cheap chains: some hundreds to a thousand in one step, instead of a step for each thing done. */
import type { StepPlace, StepResult } from '../activities/types.js';
import { stagesOf } from '../spec/phases.js';
import type { MemberIndex } from '../spec/documents.js';
import { lastOfStep } from '../kinds/chains/blocks.js';
import type { ChainRunPlan } from '../kinds/chains/plan.js';
import type { Steps } from './proxies.js';
import type { RunState } from './run-state.js';

export interface ChainControl {
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
 * Steps end at fixed generations and where settings change, except the last. An experiment that is extended does its last, shorter step
 * again in full length, so that what it leaves does not depend on when it was extended.
 */
export async function moveChains(plan: ChainRunPlan, state: RunState, control: ChainControl): Promise<void> {
  const { data, sources, claims, seeds } = plan;
  const stages = stagesOf({ members: [plan.member], phases: plan.phases });
  const phases = plan.phases && { phases: stages.map(({ from, members: [{ mixture }] }) => ({ from, mixture })) };
  while (state.hasMore) {
    control.enter();
    const { next: from, chains } = state;
    const { mixture, ...member } = stages.find((stage) => from <= stage.to)!.members[0];
    const end = lastOfStep(
      member.world.family,
      from,
      plan.phases?.map((phase) => phase.from),
    );
    const to = Math.min(end, state.generations);
    const place = control.place(from, member.name);
    const input = { place, member, mixture, ...phases, data, sources, claims, seeds, to, state: chains };
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
