/** What generations read of those before them, as settings change from phase to phase. Pure, over references that others hold. */
import type { SampleInput, StepPlace, ViewInput } from '../activities/types.js';
import type { ArtifactRef } from '../artifacts/types.js';
import { mixesOf, type HeldOut } from '../spec/mixes.js';
import {
  SELF,
  lagOf,
  pastName,
  pastsRead,
  setName,
  setsOf,
  sourcesOf,
  termsOf,
  wholeName,
  type PastRead,
  type PoolSet,
  type Term,
} from '../spec/mixture.js';
import { operatorsOf } from '../spec/members.js';
import { needsOf } from '../spec/operator-plan.js';
import { stagesOf } from '../spec/phases.js';
import type { RunPlan } from '../spec/plan.js';
import type { MemberState } from './contract.js';

/** What of a run says how its generations follow each other. */
export type Loop = Pick<RunPlan, 'members' | 'phases'>;

/** The members' states by name. */
export type MemberStates = Readonly<Record<string, MemberState>>;

/** Terms that take all that a member wrote in all generations but the last before t, through what the reader's term goes. */
export function everyBefore({ writer, term: { through } }: PastRead, t: number): Term[] {
  return Array.from({ length: t - 1 }, (_, g) => ({
    from: writer,
    generation: g === 0 ? 0 : g - t,
    take: 'all',
    draw: 'redrawn',
    ...(through && { through }),
  }));
}

/** By what terms a member drew before this stage, where it matters now: real records that were new then are not new again. */
export function earlierDraws(run: Loop, name: string, t: number): Pick<SampleInput, 'earlier'> {
  const draws = stagesOf(run)
    .filter(({ from }) => from <= t)
    .map(({ to, members }) => {
      const { mixture, sample } = members.find((one) => one.name === name)!;
      return { to, terms: termsOf(mixture), ...(sample && { sample }) };
    });
  const now = draws.pop()!;
  if (!now.terms.some((one) => setsOf(one, name, t).some(({ kind }) => kind === 'unseen'))) return {};
  const text = (one: (typeof draws)[number]) => JSON.stringify({ ...one, to: 0 });
  const earlier = draws.filter((one, i) => text(one) !== text(draws[i + 1] ?? now));
  return earlier.length === 0 ? {} : { earlier };
}

/** Whether what a member wrote in a generation is read by anybody in generation t + 1 or later; the last one always may be. */
export function stillRead(writer: string, generation: number, t: number, run: Loop): boolean {
  if (generation === t) return true;
  const stages = stagesOf(run);
  return stages.some(({ from, to, members }, i) => {
    const first = Math.max(from, t + 1);
    return (
      to >= first &&
      members.some(({ name, mixture }) => {
        const terms = termsOf(mixture);
        // all of it, where somebody begins to read everything then, or everything through other operators
        const before = stages[i - 1]?.members.find((one) => one.name === name);
        const known = before && pastsRead(termsOf(before.mixture), name).map((past) => past.name);
        const begins = (past: PastRead) => past.writer === writer && !known?.includes(past.name);
        if (from > t && known && pastsRead(terms, name).some(begins)) return true;
        return terms
          .filter((one) => sourcesOf(one).some((source) => (source === SELF ? name : source) === writer))
          .some((one) => {
            const at = generation + (lagOf(one) ?? -Infinity);
            return one.generation === 0 ? generation === 0 : at >= first && at <= to;
          });
      })
    );
  });
}

/** The splits whose prompts a member continues, too: those that somebody mixes who ever reads what it writes. */
export function splitsWritten(run: Loop, writer: string): HeldOut[] {
  const readers = stagesOf(run).flatMap(({ members }) =>
    members.filter(({ name, mixture }) =>
      termsOf(mixture).some((one) => sourcesOf(one).some((source) => (source === SELF ? name : source) === writer)),
    ),
  );
  return (['valid', 'test'] as const).filter((split) => readers.some((reader) => mixesOf(reader).includes(split)));
}

interface PooledSet {
  readonly set: PoolSet;
  readonly ref: ArtifactRef;
}

/** The sets that a member's terms read in a generation, of its training set or another split. */
export function setsAt(terms: readonly Term[], self: string, t: number, states: MemberStates, split?: HeldOut): PooledSet[] {
  const { prepared, real, past, sources } = states[self];
  const find = (set: PoolSet): ArtifactRef | undefined => {
    if (set.kind === 'unseen') return prepared.train;
    if (set.kind === 'real') return split ? prepared[split] : (real ?? prepared.train);
    if (set.kind === 'source') return sources?.[set.source];
    if (set.kind === 'past') return past?.[pastName(set.member, set.through)];
    const written = states[set.member].written?.find(({ generation }) => generation === set.generation);
    return split ? written?.held?.[split] : written?.set;
  };
  // a share is of as many records as the first set has, where there is no sample
  const counted = split !== undefined || real === undefined;
  const sized: PoolSet[] = counted && terms.some(({ take }) => take !== 'all') && t > 0 ? [{ kind: 'real' }] : [];
  return [...sized, ...terms.flatMap((one) => setsOf(one, self, t))].map((set) => {
    const ref = find(set);
    if (ref === undefined) throw new Error(`internal: ${setName(set)} is not in the pool`);
    return { set, ref };
  });
}

/** Where a set was written in other tokens than its reader reads: the view in its place. What is past was viewed before. */
export function viewInput(
  set: PoolSet,
  ref: ArtifactRef,
  { tokenizer: reader }: MemberState['prepared'],
  place: StepPlace,
  states: MemberStates,
  data: RunPlan['data']['text'],
): ViewInput | undefined {
  if (set.kind !== 'written' || set.member === place.member) return undefined;
  const writer = states[set.member].prepared.tokenizer;
  if (!writer || !reader || !data || writer.digest === reader.digest) return undefined;
  const { block, packing } = data;
  return {
    place: { ...place, member: set.member, generation: set.generation },
    set: ref,
    writer,
    reader,
    block,
    packing,
  };
}

/** A view's name among a generation's steps. */
export function viewName({ member, generation }: StepPlace, t: number): string {
  return generation < t - 1 ? `view-${member}-${generation}` : `view-${member}`;
}

/** What the step of a set's operators is called in the generation's document; two terms may read one set each through its own. */
export function throughName(set: PoolSet, done: Readonly<Record<string, unknown>>): string {
  const name = `through-${wholeName(set)}`;
  return name in done ? `${name}-${Object.keys(done).length}` : name;
}

/** Whether an operator, now or later, reads texts by a detector of what model 0 wrote. */
export function detects(run: Loop): boolean {
  const operators = stagesOf(run).flatMap(({ members }) => members.flatMap(operatorsOf));
  return needsOf(operators).observations.some(({ by, under }) => by === 'detector' && under === 'first');
}
