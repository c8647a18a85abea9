/**
 * A generation of a run, step by step, and what it adds to the pool. Nothing is done here: each step is asked for and its result
 * comes back, so that the workflow, which runs activities, and `plan`, which names them, walk the same.
 */
import type {
  Activities,
  FinetuneInput,
  GenerateInput,
  SampleInput,
  ScoreInput,
  StepPlace,
  StepResult,
  ViewInput,
} from '../activities/types.js';
import type { ArtifactRef } from '../artifacts/types.js';
import { heldOutTerms, mixesOf, type HeldOut } from '../spec/mixes.js';
import {
  firstTerms,
  isSource,
  memberOrder,
  promptsOf,
  pastsRead,
  setName,
  sourcesOf,
  termsOf,
  writtenBy,
  type Term,
} from '../spec/mixture.js';
import { membersAt } from '../spec/phases.js';
import { writesRealText } from '../spec/real-text.js';
import type { MixedStepMember, RunPlan } from '../spec/plan.js';
import type { MemberIndex } from '../spec/documents.js';
import { scoredOf } from '../spec/scored.js';
import { sourceOfContent } from '../spec/sources.js';
import type { MemberState, WrittenState } from './contract.js';
import { realTextInput, throughInput, writtenInput } from './postprocess.js';
import {
  detects,
  earlierDraws,
  everyBefore,
  setsAt,
  splitsWritten,
  stillRead,
  throughName,
  viewInput,
  viewName,
  type Loop,
  type MemberStates,
} from './reads.js';

export type { MemberStates } from './reads.js';

type Asked = 'view' | 'postprocess' | 'sample' | 'finetune' | 'generate';

/** A step that a generation asks for. */
export type StepCall = { [S in Asked]: { readonly step: S; readonly input: Parameters<Activities[S]>[0] } }[Asked];

/** What a run says of its texts. */
type Texts = Pick<RunPlan, 'data' | 'sources' | 'claims'>;

export interface GenerationResult {
  readonly state: MemberState;
  /** these two are absent of real text as if a model had written it */
  readonly trainedOn?: ArtifactRef;
  readonly prompts?: ArtifactRef;
  readonly index: MemberIndex;
}

/**
 * One member's generation. What it asks for depends on the settings in force in it and before alone, so that runs which differ from
 * some generation on have the same steps before it.
 * @param member as it is in this generation
 * @param states after the generation before; of members that are read in this one, after it
 */
export function* memberGeneration(
  run: Loop & Texts,
  member: MixedStepMember,
  place: StepPlace,
  states: MemberStates,
): Generator<StepCall, GenerationResult, StepResult> {
  const { sample, name } = member;
  const { generation: t } = place;
  const state = states[name];
  const { prepared } = state;
  const members = membersAt(run, t);
  const terms = termsOf(member.mixture);
  const done: Record<string, StepResult> = {};
  const ask = function* (call: StepCall, name: string = call.step): Generator<StepCall, StepResult['outputs'], StepResult> {
    const result = yield call;
    done[name] = result;
    return result.outputs;
  };

  const read = function* (terms: readonly Term[], past: MemberState['past'], split?: HeldOut) {
    const sets: Record<string, ArtifactRef> = {};
    yield* texts(terms);
    for (const { set, ref: whole } of setsAt(terms, name, t, { ...states, [name]: { ...state, past, sources } }, split)) {
      const operated = throughInput(set, whole, members, place, states, run, split);
      const ref = operated
        ? (yield* ask({ step: 'postprocess', input: operated }, of(throughName(set, done), split))).kept
        : whole;
      const input = viewInput(set, ref, prepared, place, states, run.data.text);
      sets[setName(set)] = input ? (yield* ask({ step: 'view', input }, of(viewName(input.place, t), split))).view : ref;
    }
    return sets;
  };

  let train = prepared.train;
  let past = state.past;
  let { sources } = state;
  const texts = function* (terms: readonly Term[]) {
    for (const source of terms.flatMap((one) => sourcesOf(one)).filter(isSource)) {
      if (sources?.[source]) continue;
      const input = sourceInput(source, run, place, prepared);
      const many = Object.keys(done).filter((step) => step.startsWith('view-source')).length;
      sources = {
        ...sources,
        [source]: (yield* ask({ step: 'view', input }, `view-source${many === 0 ? '' : `-${many + 1}`}`)).view,
      };
    }
  };
  if (t > 0 || sample !== undefined) {
    // whoever begins to read all that others wrote puts together what they wrote before
    for (const one of t > 1 ? pastsRead(terms, name).filter((one) => past?.[one.name] === undefined) : []) {
      const each = everyBefore(one, t);
      const input: SampleInput = { place, terms: each, sets: yield* read(each, past) };
      past = { ...past, [one.name]: (yield* ask({ step: 'sample', input }, `past-${one.writer}`)).train };
    }
    const asked = t === 0 ? { terms: firstTerms(sample!) } : { terms, ...(sample && { sample }), ...earlierDraws(run, name, t) };
    const outputs = yield* ask({ step: 'sample', input: { place, ...asked, sets: yield* read(asked.terms, past) } });
    train = outputs.train;
    past = pastOf(outputs);
  }
  if (writesRealText(member)) {
    const operated = realTextInput(member, place, { set: train, tokenizer: prepared.tokenizer }, run);
    const generated = operated ? (yield* ask({ step: 'postprocess', input: operated })).kept : train;
    return { state: { prepared }, index: { generated, ...(operated && { raw: train }), steps: stepsOf(done) } };
  }
  const real = state.real ?? (t === 0 && sample !== undefined ? train : undefined);
  const mixed: Partial<Record<HeldOut, ArtifactRef>> = {};
  for (const split of mixesOf(member)) {
    mixed[split] = prepared[split];
    if (t === 0) continue;
    const held = heldOutTerms(terms);
    const input: SampleInput = { place, terms: held, split, sets: yield* read(held, undefined, split) };
    mixed[split] = (yield* ask({ step: 'sample', input }, of('sample', split))).train;
  }

  const { model } = yield* ask({
    step: 'finetune',
    input: {
      place,
      family: member.family,
      train,
      valid: mixed.valid ?? prepared.valid,
      start: startOf(member, t, state),
      training: t === 0 ? member.generation0 : member.training,
    },
  });
  const first = state.first ?? model;
  const newest = state.written?.at(-1);
  let { firstWritten } = state;
  const write = function* (prompts: ArtifactRef, which: { readonly count?: number; readonly split?: HeldOut }) {
    const input: GenerateInput = {
      place,
      family: member.family,
      model,
      prompts,
      ...(prepared.tokenizer && { tokenizer: prepared.tokenizer }),
      ...(which.count !== undefined && { count: which.count }),
      ...('prompts' in member && member.prompts === 'none' && { unprompted: true }),
      ...(which.split && { split: which.split }),
      ...guidedDecoding(member, t, state),
    };
    const { generated } = yield* ask({ step: 'generate', input }, of('generate', which.split));
    if (t === 0 && !which.split && detects(run)) firstWritten = generated;
    const wrote = { set: generated, split: which.split, prompts, model, first, firstWritten, real: real ?? prepared.train, tokenizer: prepared.tokenizer }; // prettier-ignore
    const operated = writtenInput(member, place, wrote, run.data.text, run);
    const kept = operated ? (yield* ask({ step: 'postprocess', input: operated }, of('postprocess', which.split))).kept : generated; // prettier-ignore
    return { kept, raw: operated && generated };
  };
  const prompts = promptsOf(member, terms, { first: real ?? prepared.train, train, newest: newest?.set });
  const { kept, raw } = yield* write(prompts, { count: writtenBy(member, members, t) });
  const held: Partial<Record<HeldOut, ArtifactRef>> = {};
  for (const split of splitsWritten(run, name)) {
    const clean = prepared[split];
    const continued = promptsOf(member, terms, { first: clean, train: mixed[split] ?? clean, newest: newest?.held?.[split] });
    held[split] = (yield* write(continued, { split })).kept;
  }

  const wrote: WrittenState = { generation: t, set: kept, model, ...(Object.keys(held).length > 0 && { held }) };
  const written = [...(state.written ?? []), wrote];
  const written0 = state.first ? state.written0 : kept;
  return {
    state: {
      prepared,
      first,
      ...(written0 && { written0 }),
      model,
      ...(firstWritten && { firstWritten }),
      ...(real && { real }),
      written: written.filter(({ generation }) => stillRead(name, generation, t, run)),
      ...(past && { past }),
      ...(sources && { sources }),
    },
    trainedOn: train,
    prompts,
    index: {
      model,
      dataset: train,
      prompts,
      generated: kept,
      ...(Object.keys(mixed).length > 0 && { mixed }),
      ...(raw && { raw }),
      ...(state.written ? { follows: state.written.at(-1)!.set.digest } : {}),
      steps: stepsOf(done),
    },
  };
}

function stepsOf(done: Readonly<Record<string, StepResult>>): MemberIndex['steps'] {
  return Object.fromEntries(
    Object.entries(done).map(([step, { key, cached, report }]) => [step, { key, cached, report: { ...report } }]),
  );
}

/** Other real texts or images than data.train, for a reader; the same for all who read alike. */
function sourceInput(
  source: string,
  { data, sources, claims }: Texts,
  place: StepPlace,
  { tokenizer, train }: MemberState['prepared'],
): ViewInput {
  const from = {
    place: { ...place, seed: 0, generation: 0, member: '' },
    source: sourceOfContent(source, sources),
    ...(sources && { sources }),
    ...(claims && { claims }),
  };
  if (!data.text || !tokenizer) return { ...from, like: train };
  const { block, packing, template } = data.text;
  return {
    ...from,
    reader: tokenizer,
    block,
    packing,
    ...(template && { template }),
  };
}

/** Outputs of a sample step beside its training set: what members of whom all generations are read have written so far. */
export function pastOutputs({ terms, place }: SampleInput): string[] {
  return place.generation === 0 ? [] : pastsRead(terms, place.member).map(({ name }) => `past/${name}`);
}

/** What members have written so far, of the outputs of a sample step. */
function pastOf(outputs: StepResult['outputs']): MemberState['past'] {
  const found = Object.entries(outputs).filter(([name]) => name.startsWith('past/'));
  return found.length === 0 ? undefined : Object.fromEntries(found.map(([name, ref]) => [name.slice('past/'.length), ref]));
}

/** How a generation writes: model 0 writes alone, as there is no model before it. */
function guidedDecoding(
  member: MixedStepMember,
  t: number,
  { first, model }: MemberState,
): Pick<GenerateInput, 'decoding' | 'guide'> {
  const { decoding } = member;
  if (!('guidance' in decoding) || decoding.guidance === undefined) return { decoding };
  const { guidance, ...alone } = decoding;
  if (t === 0) return { decoding: alone };
  return { decoding, guide: (guidance.against ?? guidance.toward) === 'previous' ? model : first };
}

function startOf(member: MixedStepMember, generation: number, state: MemberState): FinetuneInput['start'] {
  if (generation > 0 && member.start === 'previous') return { model: state.model! };
  if (generation > 0 && member.start === 'generation-0') return { model: state.first! };
  if (member.base.kind === 'scratch') return { scratch: member.base, tokenizer: state.prepared.tokenizer };
  return { model: state.prepared.base! };
}

/** A step's name in the generation's document: of another split than the training set, with the split's. */
const of = (step: string, split: HeldOut | undefined): string => (split ? `${step}-${split}` : step);

/** What is scored of a member's generation. */
export function scoreInput(
  member: MixedStepMember,
  run: Pick<RunPlan, 'metrics' | 'sources' | 'claims'>,
  { state: { model, first, written0, prepared }, prompts, trainedOn: training, index }: GenerationResult,
): Omit<ScoreInput, 'place'> {
  const { train: real, test, truth } = prepared;
  return scoredOf(member, run, {
    ...{ model, generated: index.generated!, prompts, real, test, training, first, truth },
    ...(index.mixed?.test && { mixed: index.mixed.test }),
    ...(written0 && { written0 }),
  });
}

/**
 * A generation of all members: each as soon as those that it reads in this generation are done, others beside it.
 * @param walk performs the steps of one member's generation
 */
export async function generationOf(
  run: Loop,
  t: number,
  before: MemberStates,
  walk: (member: MixedStepMember, states: MemberStates) => Promise<GenerationResult>,
): Promise<Record<string, GenerationResult>> {
  const results: Record<string, GenerationResult> = {};
  const going = new Map<string, Promise<void>>();
  const members = membersAt(run, t);
  for (const { name, after } of memberOrder(members)) {
    const member = members.find((one) => one.name === name)!;
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
