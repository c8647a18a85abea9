/** The generations of a block of cheap chains: some hundreds to a thousand in one step, instead of a step for each thing done. */
import type { StepPlace, StepResult } from '../activities/types.js';
import { stagesOf } from '../spec/phases.js';
import type { MemberIndex } from '../spec/documents.js';
import { lastOfStep } from '../kinds/chains/blocks.js';
import type { ChainPart, ChainRunPlan } from '../kinds/chains/plan.js';
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
  const stages = stagesOf({ members: [plan.member, ...(plan.tied ?? [])], phases: plan.phases });
  const names = stages[0].members.map(({ name }) => name);
  while (state.hasMore) {
    control.enter();
    const { next: from, chains } = state;
    const [{ member, mixture, phases }, ...tied] = stages
      .find((stage) => from <= stage.to)!
      .members.map(({ mixture, ...member }, i): ChainPart => ({
        member,
        mixture,
        ...(plan.phases && { phases: stages.map((stage) => ({ from: stage.from, mixture: stage.members[i].mixture })) }),
      }));
    const end = lastOfStep(
      member.world.family,
      from,
      plan.phases?.map((phase) => phase.from),
    );
    const to = Math.min(end, state.generations);
    const place = control.place(from, names.join('+'));
    const together = tied.length > 0 && { tied };
    const input = {
      place,
      member,
      mixture,
      ...(phases && { phases }),
      ...together,
      data,
      sources,
      claims,
      seeds,
      to,
      state: chains,
    };
    const { key, cached, outputs, report } = await control.step('simulate', () => control.steps.simulate(input));
    const index = (name: string): MemberIndex => ({
      model: outputs.state,
      series: tied.length > 0 ? outputs[`series-${name}`] : outputs.series,
      steps: { simulate: { key, cached, report: { ...report } } },
      ...(chains ? { follows: chains.digest } : {}),
    });
    control.record(from, to, Object.fromEntries(names.map((name) => [name, index(name)])));
    if (to < end) state.reachWithin(to);
    else state.reach(to, outputs.state);
    if (state.hasMore && to === end) await control.leaveIfDue();
  }
}
