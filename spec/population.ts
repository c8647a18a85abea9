/** An experiment's members: the file's own words, in a condition overridden, then checked and filled in. */
import { z } from 'zod';
import type { MixturePlan, SamplePlan } from './mixture.js';
import type { MemberGrammar } from '../kinds/types.js';
import { checkMixtures, mixturePlan, type mixtureSchema } from './mixture-schema.js';
import type { TextDataPlan } from '../kinds/text/plan.js';
import type { Phased } from './phases.js';
import type { Mixed } from './plan.js';
import { checkPoolSize } from './pool-size.js';
import { isMapping, patched } from './patch.js';
import { explain, pathText, valueAt, type Path, type Problem } from './problems.js';
import { takesNull } from './shape.js';

type MixtureDocument = z.output<typeof mixtureSchema> | undefined;

/** How a member is read, by its family. */
type Grammar = MemberGrammar<never> & { readonly schema: z.ZodType };

/** What a plan says of a member. */
interface Planned {
  readonly name: string;
  readonly sample?: SamplePlan;
}

/** What every experiment file says of its members. */
interface PopulationDocument {
  /** the last one */
  readonly generations: number;
  readonly population: readonly { readonly family: string }[];
  readonly conditions: readonly (Changes & { readonly name: string; readonly generations?: number | undefined; readonly seeds?: readonly number[] | undefined; readonly phases?: readonly (Changes & { readonly from: number })[] | undefined })[]; // prettier-ignore
}

interface Changes {
  readonly mixture?: unknown;
  readonly override?: Readonly<Record<string, unknown>> | undefined;
}

interface ResolvedCondition<P> extends Phased<Mixed<P>> {
  readonly name: string;
}

/**
 * The population, and each condition's members with its mixture and overrides, and those of its phases.
 * @param raw what the file says, before defaults
 * @param problems what is wrong is added here, at the place where the reader can change it
 */
export function resolvePopulation<P extends Planned>(
  raw: unknown,
  { population: documents, conditions, generations: all }: PopulationDocument,
  /** by the condition's own texts, where it has some */
  grammarOf: (family: string, texts?: TextDataPlan) => Grammar,
  /** of each condition, where it has some of its own */
  texts: readonly (TextDataPlan | undefined)[],
  problems: Problem[],
): { population: P[]; conditions: ResolvedCondition<P>[] } {
  const checked = documents.map((document, i): CheckedMember<P> => {
    const grammar = grammarOf(document.family);
    const member = grammar.plan(document as never) as P;
    const own = grammar.check(member, (path) => valueAt(raw, ['population', i, ...path]) !== undefined);
    problems.push(...own.map((p) => ({ ...p, path: ['population', i, ...p.path] })));
    return { plan: member, grammar, words: valueAt(raw, ['population', i]), told: new Set(own.map(({ message }) => message)) };
  });
  return {
    population: checked.map(({ plan }) => plan),
    conditions: conditions.map(({ name, generations, seeds, override = {}, phases }, c) => {
      const path = ['conditions', c];
      const data = texts[c];
      const there = data === undefined ? checked : checked.map((member, i) => ({ ...member, grammar: grammarOf(documents[i].family, data) })); // prettier-ignore
      let said: Said = { mixture: valueAt(raw, [...path, 'mixture']), overrides: [override], at: [path] };
      const last = Math.min(all, generations ?? all);
      const first = stageOf(raw, said, there, problems, undefined, phases ? undefined : last);
      let stage = first;
      const later = (phases ?? []).map(({ from, ...changes }, p) => {
        const at = [...path, 'phases', p];
        said = withChanges(said, { ...changes, mixture: valueAt(raw, [...at, 'mixture']) }, at);
        stage = stageOf(raw, said, stage.checked, problems, first.members);
        return { from, members: stage.members };
      });
      return {
        name,
        ...(generations !== undefined && { generations }),
        ...(seeds !== undefined && { seeds }),
        ...(data !== undefined && { data }),
        members: first.members,
        ...(later.length > 0 && { phases: later }),
      };
    }),
  };
}

/** A member as the file has it, and what has been told of it. */
interface CheckedMember<P> {
  readonly plan: P;
  readonly grammar: Grammar;
  readonly words: unknown;
  /** messages of problems that have a place already */
  readonly told: ReadonlySet<string>;
}

/** What a condition says from some generation on: its own words, and those of its phases so far. */
interface Said {
  readonly mixture: unknown;
  /** by member; the condition's first, the newest phase's last */
  readonly overrides: readonly Readonly<Record<string, unknown>>[];
  /** where: the newest phase first, the condition last */
  readonly at: readonly Path[];
}

/** What a phase cannot change: spec/overrides.ts refuses it, and what follows from other settings stays as it was. */
const STAYS = ['name', 'family', 'base', 'tokenizer', 'generation0'];

function withChanges(said: Said, { mixture, override = {} }: Changes, at: Path): Said {
  const changing = Object.fromEntries(
    Object.entries(override).map(([member, settings]) => [member, isMapping(settings) ? without(settings, STAYS) : settings]),
  );
  return {
    mixture: mixture ?? said.mixture,
    overrides: [...said.overrides, changing],
    at: [at, ...said.at],
  };
}

/**
 * @param first the members as the condition begins, where this is one of its phases
 * @param last generation of a condition without phases
 */
function stageOf<P extends Planned>(
  raw: unknown,
  said: Said,
  population: readonly CheckedMember<P>[],
  problems: Problem[],
  first?: readonly P[],
  last?: number,
): { members: Mixed<P>[]; checked: CheckedMember<P>[] } {
  const [here] = said.at;
  const placed = population.map(({ plan: member, grammar, words, told }, i) => {
    const { name } = member;
    const stated = (path: Path): boolean => valueAt(raw, path) !== undefined;
    const [own, ...older] = [...said.at.map((at) => [...at, 'override', name, 'mixture']), ['population', i, 'mixture']].filter(stated); // prettier-ignore
    // one that is removed leaves the condition's
    const at = own && valueAt(raw, own) !== null ? own : said.at.map((at) => [...at, 'mixture']).find(stated);
    const stays = Object.entries(first?.[i] ?? {}).filter(([key]) => STAYS.includes(key));
    const { plan, mixture, wrong } = overridden(
      words,
      said.mixture,
      said.overrides.map((override) => override[name] ?? {}),
      grammar,
      Object.fromEntries(stays) as Partial<P>,
    );
    problems.push(
      ...wrong
        .filter(({ message }) => !told.has(message))
        .map((p) => ({ ...p, path: blame(raw, [...here, 'override', name], p.path) })),
    );
    if (own && own !== at && older.length === 0) problems.push({ ...removesNothing(own), path: own });
    if (at === undefined && first === undefined)
      problems.push({ path: here, message: `${name} has no mixture`, suggestion: 'add mixture: {kind: replace} to the condition or to the member' }); // prettier-ignore
    const now = { ...(plan ?? member), mixture: mixture ?? { kind: 'replace' as const } };
    return {
      at,
      grammar,
      plan: now,
      checked: { plan: member, grammar, words, told: new Set([...told, ...wrong.map(({ message }) => message)]) },
    };
  });
  const own = [...here, 'mixture'];
  if (valueAt(raw, own) !== undefined && placed.every(({ at }) => at === undefined || pathText(at) !== pathText(own)))
    problems.push({ path: own, atKey: true, message: 'has no effect, because every member has a mixture of its own', suggestion: first ? 'write override: {MEMBER: {mixture: …}}' : 'remove it' }); // prettier-ignore
  if (placed.every(({ at }) => at !== undefined)) {
    // what is left of the real records for later is decided by the sample of generation 0
    const readers = placed.map(({ plan, at, grammar }, i) => ({
      ...plan,
      at: at!,
      records: grammar.records,
      ...(grammar.most !== undefined && { most: grammar.most }),
      ...(grammar.unlike && { unlike: (writer: object) => grammar.unlike!(writer, plan) }),
      ...(first && { sample: first[i].sample }),
    }));
    const own = placed.flatMap(({ plan, at, grammar }) => grammar.checkMixture?.(plan.mixture, at!) ?? []);
    const wrong = [...checkMixtures(readers), ...own];
    if (wrong.length === 0 && last !== undefined) wrong.push(...readers.flatMap((reader) => checkPoolSize(reader, last)));
    // several members may read the same words
    for (const one of wrong)
      if (!problems.some(({ path, message }) => message === one.message && pathText(path) === pathText(one.path)))
        problems.push(one);
  }
  return { members: placed.map(({ plan }) => plan), checked: placed.map(({ checked }) => checked) };
}

/**
 * A member's own words with a condition's instead; problems have paths inside the member.
 * @param inherited the condition's mixture, before which its own goes
 * @param changes the newest last: what it says is told, the others have been
 */
function overridden<P>(
  words: unknown,
  inherited: unknown,
  changes: readonly unknown[],
  grammar: Grammar,
  stays: Partial<P>,
): { plan?: P; mixture?: MixturePlan; wrong: Problem[] } {
  let merged: unknown = { mixture: inherited, ...(isMapping(words) ? words : {}) };
  let nothing: readonly Path[] = [];
  for (const one of changes)
    ({ words: merged, nothing } = patched(merged, one, (path) => takesNull(grammar.schema, merged, path)));
  // a member without a mixture of its own has the condition's
  if (isMapping(merged) && merged.mixture === undefined) merged = { ...merged, mixture: inherited };
  if (nothing.length > 0) return { wrong: nothing.map(removesNothing) };
  const parsed = grammar.schema.safeParse(merged);
  if (!parsed.success) {
    const wrong = parsed.error.issues.flatMap((issue) => explainMember(issue, merged, grammar.schema));
    return { wrong: wrong.map((one) => (valueAt(changes.at(-1), one.path) === null ? needed(one) : one)) };
  }
  const plan = { ...(grammar.plan(parsed.data as never) as P), ...stays };
  const { mixture: said } = parsed.data as { mixture?: MixtureDocument };
  const mixture = said && mixturePlan(said);
  return { plan, ...(mixture && { mixture }), wrong: grammar.check(plan, (path) => valueAt(merged, path) !== undefined) };
}

function removesNothing(path: Path): Problem {
  return { path, atKey: true, message: 'removes nothing, because the member does not say it', suggestion: 'leave it out' };
}

function needed({ path }: Problem): Problem {
  return {
    path,
    atKey: true,
    message: 'cannot be removed, because a member needs it',
    suggestion: 'give it another value, or leave it out',
  };
}

/** Member issues speak of paths inside the member; the words of the future are known by paths inside the population. */
function explainMember(issue: z.core.$ZodIssue, merged: unknown, schema: z.ZodType): Problem[] {
  const root = { population: [merged] };
  return explain(issue, root, z.object({ population: z.array(schema) }), ['population', 0]).map((p) => ({
    ...p,
    path: p.path.slice(2),
  }));
}

/** The override's path as deep as the file has it: the place where the reader can change something. */
function blame(raw: unknown, base: Path, path: Path): Path {
  let depth = path.length;
  while (depth > 0 && valueAt(raw, [...base, ...path.slice(0, depth)]) === undefined) depth--;
  return [...base, ...path.slice(0, depth)];
}

function without(mapping: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(mapping).filter(([key]) => !keys.includes(key)));
}
