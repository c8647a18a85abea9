/** An experiment's members: the file's own words, in a condition overridden, then checked and filled in. */
import { z } from 'zod';
import type { MixturePlan, SamplePlan } from './mixture.js';
import { checkMixtures, mixturePlan, type mixtureSchema } from './mixture-schema.js';
import { explain, valueAt, type Path, type Problem } from './problems.js';

type MixtureDocument = z.output<typeof mixtureSchema> | undefined;

/** How a kind of experiment reads its members. */
export interface MemberGrammar<D, P> {
  readonly schema: z.ZodType<D>;
  plan(document: D): P;
  /** `given` says whether the file itself sets a path of the member */
  check(plan: P, given: (path: Path) => boolean): Problem[];
}

/** What every experiment file says of its members. */
interface PopulationDocument<D> {
  readonly population: readonly D[];
  readonly conditions: readonly { readonly name: string; readonly override?: Readonly<Record<string, unknown>> }[];
}

/** A member under a condition. */
export type Mixed<P> = P & { readonly mixture: MixturePlan };

/**
 * The population, and each condition's members with its mixture and overrides.
 * @param raw what the file says, before defaults
 * @param problems what is wrong is added here, at the place where the reader can change it
 */
export function resolvePopulation<D extends { mixture?: MixtureDocument }, P extends { name: string; sample?: SamplePlan }>(
  raw: unknown,
  { population: documents, conditions }: PopulationDocument<D>,
  grammar: MemberGrammar<D, P>,
  problems: Problem[],
): { population: P[]; conditions: { name: string; members: Mixed<P>[] }[] } {
  const checked = documents.map((document, i) => {
    const member = grammar.plan(document);
    const own = grammar.check(member, (path) => valueAt(raw, ['population', i, ...path]) !== undefined);
    problems.push(...own.map((p) => ({ ...p, path: ['population', i, ...p.path] })));
    return { member, raw: valueAt(raw, ['population', i]), known: new Set(own.map(({ message }) => message)) };
  });
  return {
    population: checked.map(({ member }) => member),
    conditions: conditions.map(({ name, override }, c) => {
      const members = checked.map(({ member, raw: words, known }, i) => {
        const places: Path[] = [['conditions', c, 'override', member.name, 'mixture'], ['population', i, 'mixture'], ['conditions', c, 'mixture']]; // prettier-ignore
        const at = places.find((path) => valueAt(raw, path) !== undefined);
        // a member's own mixture goes before its condition's
        const base = { mixture: valueAt(raw, ['conditions', c, 'mixture']), ...(isMapping(words) ? words : {}) };
        const { plan, mixture, wrong } = overridden(base, override?.[member.name] ?? {}, grammar);
        // What is wrong without the override, too, has been told.
        problems.push(
          ...wrong
            .filter(({ message }) => !known.has(message))
            .map((p) => ({ ...p, path: blame(raw, ['conditions', c, 'override', member.name], p.path) })),
        );
        if (at === undefined)
          problems.push({ path: ['conditions', c], message: `${member.name} has no mixture`, suggestion: 'add mixture: {kind: replace} to the condition or to the member' }); // prettier-ignore
        return { plan: { ...(plan ?? member), mixture: mixture ?? { kind: 'replace' as const } }, at };
      });
      if (members.every(({ at }) => at?.[0] !== 'conditions' || at[2] === 'override') && valueAt(raw, ['conditions', c, 'mixture']) !== undefined)
        problems.push({ path: ['conditions', c, 'mixture'], atKey: true, message: 'has no effect, because every member has a mixture of its own', suggestion: 'remove it' }); // prettier-ignore
      if (members.every(({ at }) => at !== undefined))
        problems.push(...checkMixtures(members.map(({ plan, at }) => ({ ...plan, at: at! }))));
      return { name, members: members.map(({ plan }) => plan) };
    }),
  };
}

/** A member's own words with a condition's instead; problems have paths inside the member. */
function overridden<D extends { mixture?: MixtureDocument }, P>(
  words: unknown,
  changes: unknown,
  grammar: MemberGrammar<D, P>,
): { plan?: P; mixture?: MixturePlan; wrong: Problem[] } {
  const merged = mergeDeep(words, changes);
  const parsed = grammar.schema.safeParse(merged);
  if (!parsed.success) return { wrong: parsed.error.issues.flatMap((issue) => explainMember(issue, merged, grammar.schema)) };
  const plan = grammar.plan(parsed.data);
  const mixture = parsed.data.mixture && mixturePlan(parsed.data.mixture);
  return { plan, ...(mixture && { mixture }), wrong: grammar.check(plan, (path) => valueAt(merged, path) !== undefined) };
}

/** What all plans begin with. */
export function planHead<T extends { name: string; title?: string; generations: number }>({ name, title, generations }: T) {
  return { schemaVersion: 1 as const, name, ...(title === undefined ? {} : { title }), generations };
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

/** Overrides win; mappings merge, unless their `kind` differs; lists and scalars replace. */
function mergeDeep(under: unknown, over: unknown): unknown {
  if (!isMapping(under) || !isMapping(over)) return over;
  if (over.kind !== undefined && under.kind !== over.kind) return over;
  const merged = new Map(Object.entries(under));
  for (const [key, value] of Object.entries(over)) merged.set(key, mergeDeep(under[key], value));
  return Object.fromEntries(merged);
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
