/** A condition's members: the file's own words, overridden, then checked and filled in anew. */
import { z } from 'zod';
import { explain, valueAt, type Path, type Problem } from './problems.js';

/** How a kind of experiment reads its members. */
export interface MemberGrammar<D, P> {
  readonly schema: z.ZodType<D>;
  plan(document: D): P;
  /** `given` says whether the file itself sets a path of the member */
  check(plan: P, given: (path: Path) => boolean): Problem[];
}

/**
 * @param index of the condition
 * @param members the population without overrides; problems that they have already are not told again
 * @param problems what is wrong is added here, at the place where the reader can change it
 */
export function overriddenMembers<D, P extends { readonly name: string }>(
  raw: unknown,
  grammar: MemberGrammar<D, P>,
  override: Readonly<Record<string, unknown>> | undefined,
  index: number,
  members: readonly P[],
  problems: Problem[],
): P[] {
  return members.map((member, i) => {
    const changes = override?.[member.name];
    if (changes === undefined) return member;
    const merged = mergeDeep(valueAt(raw, ['population', i]), changes);
    const place = (problem: Problem): Problem => ({
      ...problem,
      path: blame(raw, ['conditions', index, 'override', member.name], problem.path),
    });
    const parsed = grammar.schema.safeParse(merged);
    if (!parsed.success) {
      problems.push(...parsed.error.issues.flatMap((issue) => explainMember(issue, merged, grammar.schema)).map(place));
      return member;
    }
    const plan = grammar.plan(parsed.data);
    const inMerged = grammar.check(plan, (path) => valueAt(merged, path) !== undefined);
    const known = new Set(
      grammar.check(member, (path) => valueAt(raw, ['population', i, ...path]) !== undefined).map((p) => p.message),
    );
    problems.push(...inMerged.filter((p) => !known.has(p.message)).map(place));
    return plan;
  });
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
