/**
 * A generation of a run, step by step, and what it adds to the pool. Nothing is done here: each step is asked for and its result
 * comes back, so that the workflow, which runs activities, and `plan`, which names them, walk the same.
 */
import type {
  Activities,
  FinetuneInput,
  SampleInput,
  ScoreInput,
  StepPlace,
  StepResult,
  ViewInput,
} from '../activities/types.js';
import type { ArtifactRef } from '../artifacts/types.js';
import {
  firstTerms,
  generationsBack,
  memberOrder,
  promptsOf,
  setName,
  setsOf,
  sourcesOf,
  termsOf,
  writtenBy,
  REAL,
  SELF,
  type PoolSet,
  type Term,
} from '../spec/mixture.js';
import type { AnyMixedMember, RunPlan } from '../spec/plan.js';
import type { MemberIndex } from '../spec/documents.js';
import type { MemberState } from './contract.js';

type Asked = 'view' | 'sample' | 'finetune' | 'generate';

/** A step that a generation asks for. */
export type StepCall = { [S in Asked]: { readonly step: S; readonly input: Parameters<Activities[S]>[0] } }[Asked];

/** The members' states by name. */
export type MemberStates = Readonly<Record<string, MemberState>>;

export interface GenerationResult {
  readonly state: MemberState;
  readonly trainedOn: ArtifactRef;
  readonly prompts: ArtifactRef;
  readonly index: MemberIndex;
}

/**
 * One member's generation.
 * @param states after the generation before; of members that are read in this one, after it
 */
export function* memberGeneration(
  { members, data }: Pick<RunPlan, 'members' | 'data'>,
  member: AnyMixedMember,
  place: StepPlace,
  states: MemberStates,
): Generator<StepCall, GenerationResult, StepResult> {
  const { sample, name } = member;
  const { generation: t } = place;
  const state = states[name];
  const { prepared } = state;
  const terms = termsOf(member.mixture);
  const done: Record<string, StepResult> = {};
  const ask = function* (call: StepCall, name: string = call.step): Generator<StepCall, StepResult['outputs'], StepResult> {
    const result = yield call;
    done[name] = result;
    return result.outputs;
  };

  let train = prepared.train;
  let past = state.past;
  if (t > 0 || sample !== undefined) {
    const asked = t === 0 ? { terms: firstTerms(sample!) } : { terms, ...(sample && { sample }) };
    const sets: Record<string, ArtifactRef> = {};
    for (const { set, ref } of setsAt(asked.terms, name, t, states)) {
      const input = viewInput(set, ref, prepared, place, states, data);
      sets[setName(set)] = input ? (yield* ask({ step: 'view', input }, `view-${input.place.member}`)).view : ref;
    }
    const outputs = yield* ask({ step: 'sample', input: { place, ...asked, sets } });
    train = outputs.train;
    past = pastOf(outputs);
  }
  const real = state.real ?? (t === 0 && sample !== undefined ? train : undefined);

  const { model } = yield* ask({
    step: 'finetune',
    input: {
      place,
      family: member.family,
      train,
      valid: prepared.valid,
      start: startOf(member, t, state),
      training: t === 0 ? member.generation0 : member.training,
    },
  });
  const prompts = promptsOf(member, terms, { first: real ?? prepared.train, train, newest: state.written?.at(-1)?.set });
  const count = writtenBy(member, members, t);
  const { generated } = yield* ask({
    step: 'generate',
    input: {
      place,
      family: member.family,
      model,
      prompts,
      ...(prepared.tokenizer && { tokenizer: prepared.tokenizer }),
      ...(count !== undefined && { count }),
      decoding: member.decoding,
    },
  });

  const written = [...(state.written ?? []), { generation: t, set: generated }];
  return {
    state: {
      prepared,
      first: state.first ?? model,
      model,
      ...(real && { real }),
      written: written.filter(({ generation }) => stillRead(name, generation, t, members)),
      ...(past && { past }),
    },
    trainedOn: train,
    prompts,
    index: {
      model,
      dataset: train,
      generated,
      ...(state.written ? { follows: state.written.at(-1)!.set.digest } : {}),
      steps: Object.fromEntries(
        Object.entries(done).map(([step, { key, cached, report }]) => [step, { key, cached, report: { ...report } }]),
      ),
    },
  };
}

interface PooledSet {
  readonly set: PoolSet;
  readonly ref: ArtifactRef;
}

/** The sets that a member's terms read in a generation. */
function setsAt(terms: readonly Term[], self: string, t: number, states: MemberStates): PooledSet[] {
  const { prepared, real, past } = states[self];
  const find = (set: PoolSet): ArtifactRef | undefined => {
    if (set.kind === 'unseen') return prepared.train;
    if (set.kind === 'real') return real ?? prepared.train;
    if (set.kind === 'past') return past?.[set.member];
    return states[set.member].written?.find(({ generation }) => generation === set.generation)?.set;
  };
  // a share is of as many records as the first set has, where there is no sample
  const sized: PoolSet[] = real === undefined && terms.some(({ take }) => take !== 'all') && t > 0 ? [{ kind: 'real' }] : [];
  return [...sized, ...terms.flatMap((one) => setsOf(one, self, t))].map((set) => {
    const ref = find(set);
    if (ref === undefined) throw new Error(`internal: ${setName(set)} is not in the pool`);
    return { set, ref };
  });
}

/** Where a set was written in other tokens than its reader reads: the view in its place. What is past was viewed before. */
function viewInput(
  set: PoolSet,
  ref: ArtifactRef,
  { tokenizer: reader }: MemberState['prepared'],
  place: StepPlace,
  states: MemberStates,
  data: RunPlan['data'],
): ViewInput | undefined {
  if (set.kind !== 'written' || set.member === place.member || data.kind === 'images') return undefined;
  const writer = states[set.member].prepared.tokenizer!;
  if (writer.digest === reader!.digest) return undefined;
  const { block, packing } = data;
  return {
    place: { ...place, member: set.member, generation: set.generation },
    set: ref,
    writer,
    reader: reader!,
    block,
    packing,
  };
}

/** Outputs of a sample step beside its training set: what members of whom all generations are read have written so far. */
export function pastOutputs({ terms, place }: SampleInput): string[] {
  const all = place.generation === 0 ? [] : terms.filter(({ generation }) => generation === 'all');
  const writers = all.flatMap(sourcesOf).filter((source) => source !== REAL);
  return [...new Set(writers)].map((source) => `past/${source === SELF ? place.member : source}`);
}

/** What members have written so far, of the outputs of a sample step. */
function pastOf(outputs: StepResult['outputs']): MemberState['past'] {
  const found = Object.entries(outputs).filter(([name]) => name.startsWith('past/'));
  return found.length === 0 ? undefined : Object.fromEntries(found.map(([name, ref]) => [name.slice('past/'.length), ref]));
}

/** Whether what a member wrote in a generation is read by anybody in generation t + 1 or later; the last one always may be. */
function stillRead(writer: string, generation: number, t: number, members: RunPlan['members']): boolean {
  return members.some(({ name, mixture }) => {
    const terms = termsOf(mixture).filter((one) =>
      sourcesOf(one).some((from) => from === writer || (from === SELF && name === writer)),
    );
    return (
      generation > t - generationsBack(terms) ||
      (generation === 0 && terms.some((one) => one.generation === 0 && !sourcesOf(one).includes(REAL)))
    );
  });
}

function startOf(member: AnyMixedMember, generation: number, state: MemberState): FinetuneInput['start'] {
  if (generation > 0 && member.start === 'previous') return { model: state.model! };
  if (generation > 0 && member.start === 'generation-0') return { model: state.first! };
  if (member.base.kind === 'scratch') return { scratch: member.base, tokenizer: state.prepared.tokenizer };
  return { model: state.prepared.base! };
}

/** What is scored of a member's generation. */
export function scoreInput(
  member: AnyMixedMember,
  metrics: RunPlan['metrics'],
  { state, prompts }: GenerationResult,
): Omit<ScoreInput, 'place'> {
  return {
    family: member.family,
    metrics,
    model: state.model!,
    generated: state.written!.at(-1)!.set,
    prompts,
    real: state.prepared.train,
    test: state.prepared.test,
    first: state.first!,
    truth: state.prepared.truth,
    lossOn: member.family === 'language-model' ? member.training.lossOn : undefined,
  };
}

/**
 * A generation of all members: each as soon as those that it reads in this generation are done, others beside it.
 * @param walk performs the steps of one member's generation
 */
export async function generationOf(
  run: Pick<RunPlan, 'members'>,
  before: MemberStates,
  walk: (member: AnyMixedMember, states: MemberStates) => Promise<GenerationResult>,
): Promise<Record<string, GenerationResult>> {
  const results: Record<string, GenerationResult> = {};
  const going = new Map<string, Promise<void>>();
  for (const { name, after } of memberOrder(run.members)) {
    const member = run.members.find((one) => one.name === name)!;
    going.set(
      name,
      Promise.all(after.map((other) => going.get(other)!)).then(async () => {
        const fresh = Object.fromEntries(after.map((other) => [other, results[other].state]));
        results[name] = await walk(member, { ...before, ...fresh });
      }),
    );
  }
  await Promise.all(going.values());
  return results;
}
