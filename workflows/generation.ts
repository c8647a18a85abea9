/** One generation of one member: sample, finetune, generate, postprocess. Scoring is started by the run and awaited later. */
import type { ArtifactRef } from '../artifacts/types.js';
import type { StepPlace, StepResult } from '../activities/types.js';
import type { AnyMemberPlan, MixturePlan } from '../spec/plan.js';
import type { MemberIndex } from '../spec/results.js';
import type { MemberState } from './contract.js';
import type { Steps } from './proxies.js';

export interface GenerationResult {
  readonly state: MemberState;
  readonly trainedOn: ArtifactRef;
  readonly prompts: ArtifactRef;
  readonly index: MemberIndex;
}

/**
 * @param generation t >= 0; generation 0 fits the real data
 * @param step runs an activity under a name, counting it and holding it while the run is paused
 */
export async function generationOf(
  member: AnyMemberPlan,
  mixture: MixturePlan,
  place: StepPlace,
  state: MemberState,
  steps: Steps,
  step: (name: string, call: () => Promise<StepResult>) => Promise<StepResult>,
): Promise<GenerationResult> {
  const { prepared } = state;
  const done: Record<string, StepResult> = {};
  const call = async (name: string, work: () => Promise<StepResult>) => (done[name] = await step(name, work));

  const train =
    place.generation === 0
      ? prepared.train
      : (
          await call('sample', () =>
            steps.sample({ place, mixture, real: prepared.train, generated: mixture.sources.map(() => state.generated!) }),
          )
        ).outputs.train;

  const { outputs: fitted } = await call('finetune', () =>
    steps.finetune({
      place,
      family: member.family,
      train,
      valid: prepared.valid,
      start: startOf(member, place.generation, state),
      training: place.generation === 0 ? member.generation0 : member.training,
    }),
  );
  const model = fitted.model;
  // a family that continues nothing writes as many records as the real ones
  const prompts = member.family === 'language-model' && member.prompts === 'previous' ? train : prepared.train;
  const { outputs: written } = await call('generate', () =>
    steps.generate({ place, family: member.family, model, prompts, decoding: member.decoding }),
  );
  const { outputs: cleaned } = await call('postprocess', () =>
    steps.postprocess({ place, raw: written.raw, tokenizer: prepared.tokenizer }),
  );

  return {
    state: { prepared, first: state.first ?? model, model, generated: cleaned.generated },
    trainedOn: train,
    prompts,
    index: {
      model,
      dataset: train,
      generated: cleaned.generated,
      steps: Object.fromEntries(
        Object.entries(done).map(([name, { key, cached, report }]) => [name, { key, cached, report: { ...report } }]),
      ),
    },
  };
}

function startOf(member: AnyMemberPlan, generation: number, state: MemberState): Parameters<Steps['finetune']>[0]['start'] {
  if (generation > 0 && member.start === 'previous') return { model: state.model! };
  if (generation > 0 && member.start === 'generation-0') return { model: state.first! };
  if (member.base.kind === 'scratch') return { scratch: member.base.architecture, tokenizer: state.prepared.tokenizer };
  return { model: state.prepared.base! };
}
