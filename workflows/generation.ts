/** One generation of one member: sample, finetune, generate, postprocess. Scoring is started by the run and awaited later. */
import type { ArtifactRef } from '../artifacts/types.js';
import type { StepPlace, StepResult } from '../activities/types.js';
import { generationsBack, needsNewReal, promptsOf, writtenBy } from '../spec/mixture.js';
import type { AnyMemberPlan, MixturePlan } from '../spec/plan.js';
import type { MemberIndex } from '../spec/documents.js';
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
  const { sample } = member;
  const t = place.generation;
  const done: Record<string, StepResult> = {};
  const call = async (name: string, work: () => Promise<StepResult>) => (done[name] = await step(name, work));

  const written = [...(state.earlier ?? []), ...(state.generated ? [state.generated] : [])];
  const draws = (): Parameters<Steps['sample']>[0] =>
    t === 0
      ? { place, sample, first: prepared.train, generated: [] }
      : {
          place,
          mixture,
          sample,
          first: state.real ?? prepared.train,
          real: needsNewReal(mixture) ? prepared.train : undefined,
          generated: written,
        };
  const train =
    t === 0 && sample === undefined ? prepared.train : (await call('sample', () => steps.sample(draws()))).outputs.train;
  const real = state.real ?? (t === 0 && sample !== undefined ? train : undefined);

  const { outputs: fitted } = await call('finetune', () =>
    steps.finetune({
      place,
      family: member.family,
      train,
      valid: prepared.valid,
      start: startOf(member, t, state),
      training: t === 0 ? member.generation0 : member.training,
    }),
  );
  const model = fitted.model;
  const prompts = promptsOf(member, mixture, { first: real ?? prepared.train, train, newest: state.generated });
  const count = sample && writtenBy(mixture, sample, t);
  const { outputs: raw } = await call('generate', () =>
    steps.generate({ place, family: member.family, model, prompts, count, decoding: member.decoding }),
  );
  const { outputs: cleaned } = await call('postprocess', () =>
    steps.postprocess({ place, raw: raw.raw, tokenizer: prepared.tokenizer }),
  );

  return {
    state: {
      prepared,
      first: state.first ?? model,
      model,
      real,
      generated: cleaned.generated,
      earlier: earlierOf(mixture, written),
    },
    trainedOn: train,
    prompts,
    index: {
      model,
      dataset: train,
      generated: cleaned.generated,
      ...(state.generated ? { follows: state.generated.digest } : {}),
      steps: Object.fromEntries(
        Object.entries(done).map(([name, { key, cached, report }]) => [name, { key, cached, report: { ...report } }]),
      ),
    },
  };
}

/** Of what was written so far, what the generation after the next still draws from. */
function earlierOf(mixture: MixturePlan, written: readonly ArtifactRef[]): readonly ArtifactRef[] | undefined {
  const back = generationsBack(mixture);
  return back === 1 ? undefined : written.slice(1 - back);
}

function startOf(member: AnyMemberPlan, generation: number, state: MemberState): Parameters<Steps['finetune']>[0]['start'] {
  if (generation > 0 && member.start === 'previous') return { model: state.model! };
  if (generation > 0 && member.start === 'generation-0') return { model: state.first! };
  if (member.base.kind === 'scratch') return { scratch: member.base.architecture, tokenizer: state.prepared.tokenizer };
  return { model: state.prepared.base! };
}
