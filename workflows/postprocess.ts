/** What a postprocess step is asked for: operators on what a member has just written, and on the sets that a term reads. */
import type { PostprocessInput, StepPlace } from '../activities/types.js';
import type { ArtifactRef } from '../artifacts/types.js';
import type { ObservationNeed } from '../operators/types.js';
import type { HeldOut } from '../spec/mixes.js';
import type { PoolSet } from '../spec/mixture.js';
import { needsOf, type OperatorPlan } from '../spec/operator-plan.js';
import type { MixedStepMember, RunPlan } from '../spec/plan.js';
import { detectorsOf, sourceOfContent } from '../spec/sources.js';
import type { MemberState } from './contract.js';

/** A set of texts, and what operators may ask about it. */
interface Subject {
  readonly set: ArtifactRef;
  /** absent: of the training set */
  readonly split?: HeldOut | undefined;
  readonly tokenizer?: ArtifactRef;
  readonly prompts?: ArtifactRef;
  /** that wrote it */
  readonly model?: ArtifactRef;
  readonly first?: ArtifactRef;
  /** real texts in its tokens, and what model 0 of its writer wrote, before operators */
  readonly real?: ArtifactRef;
  readonly firstWritten?: ArtifactRef;
}

/** What a run knows of sources that lie somewhere. */
type Known = Pick<RunPlan, 'sources' | 'claims'>;

/** Of what a member has just written; undefined where all of it joins the pool. */
export function writtenInput(
  member: MixedStepMember,
  place: StepPlace,
  { prompts, ...subject }: Subject,
  data: RunPlan['data']['text'],
  known: Known = {},
): PostprocessInput | undefined {
  if (member.family !== 'language-model' || !member.postprocess) return undefined;
  // rows bring their prompts along
  const rows = data?.packing === 'records';
  return input(member.postprocess, place, rows ? subject : { ...subject, prompts }, member, known);
}

/** Of real records that stand in place of what a member would have written; undefined where they are taken as they are. */
export function realTextInput(
  member: MixedStepMember,
  place: StepPlace,
  subject: Pick<Subject, 'set' | 'tokenizer'>,
  known: Known,
): PostprocessInput | undefined {
  if (member.family !== 'language-model') return undefined;
  const operators = [...(member.writes?.through ?? []), ...(member.postprocess ?? [])];
  return operators.length === 0 ? undefined : input(operators, place, subject, member, known);
}

/** Of a set that a term reads; undefined where it is read as it is. Its place is the writer's, so that all who read alike share it. */
export function throughInput(
  set: PoolSet,
  ref: ArtifactRef,
  members: RunPlan['members'],
  place: StepPlace,
  states: Readonly<Record<string, MemberState>>,
  known: Known = {},
  split?: HeldOut,
): PostprocessInput | undefined {
  // what is past went through it when it was new
  if (set.kind === 'unseen' || set.kind === 'past' || !set.through) return undefined;
  const of = (name: string) => members.find((member) => member.name === name)!;
  if (set.kind === 'real' || set.kind === 'source') {
    const { prepared, first, real, firstWritten } = states[place.member];
    // every seed reads the same real texts, but lots are a seed's own
    const at = { ...place, seed: needsOf(set.through).draws ? place.seed : 0, generation: 0, member: '' };
    const subject = { set: ref, split, tokenizer: prepared.tokenizer, first, real: real ?? prepared.train, firstWritten };
    return input(set.through, at, subject, of(place.member), known, place);
  }
  const { prepared, first, written, real, firstWritten } = states[set.member];
  const model = written?.find(({ generation }) => generation === set.generation)?.model;
  const at = { ...place, member: set.member, generation: set.generation };
  const subject = { set: ref, split, tokenizer: prepared.tokenizer, model, first, real: real ?? prepared.train, firstWritten };
  return input(set.through, at, subject, of(set.member), known);
}

/**
 * No more than the operators need: what a step is given says what it is keyed by.
 * @param writer who wrote what a detector learns from, where that is not who wrote the set
 */
function input(
  operators: readonly OperatorPlan[],
  place: StepPlace,
  { set, split, tokenizer, prompts, model, first, real, firstWritten }: Subject,
  reader: MixedStepMember,
  { sources, claims = [] }: Known,
  { seed, generation, member }: Pick<StepPlace, 'seed' | 'generation' | 'member'> = place,
): PostprocessInput {
  const needs = needsOf(operators);
  const asked = (by: ObservationNeed['by']) =>
    new Set(needs.observations.filter((need) => need.by === by && need.under !== 'given').map((need) => need.under));
  const given = detectorsOf(operators).map((name): [string, string] => [name, sourceOfContent(name, sources)]);
  const about = claims.filter(({ source }) => given.some(([, of]) => of === source));
  const [under, detected] = [asked(undefined), asked('detector')];
  const lossOn = reader.family === 'language-model' ? reader.training.lossOn : undefined;
  return {
    place,
    set,
    operators,
    ...(needs.draws && split && { split }),
    ...(needs.tokenizer && tokenizer && { tokenizer }),
    ...(needs.prompts && prompts && { prompts }),
    ...(under.size > 0 && {
      models: { ...(under.has('writer') && { writer: model }), ...(under.has('first') && { first }) },
      ...(lossOn && { lossOn }),
    }),
    ...(given.length > 0 && { given: Object.fromEntries(given) }),
    ...(about.length > 0 && { claims: about }),
    ...(detected.size > 0 && {
      detectors: {
        ...(detected.has('first') && { first: { of: { seed, generation: 0, member }, real: real!, written: firstWritten! } }),
        ...(detected.has('writer') && { writer: { of: { seed, generation, member }, real: real!, written: set } }),
      },
    }),
  };
}
