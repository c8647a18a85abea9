/** Where two ancestries part: the first steps that were not done alike, and in what. */
import type { ArtifactRef, ArtifactStore } from '../artifacts/types.js';
import { canonicalJson, type Digest } from '../common/canonical.js';
import { factsOf, type LineageGraph, type Made } from './graph.js';

export interface Difference {
  /** what it is about: a field of the step (`parameters.epochs`, `seed`, `code`), or an input or source by name */
  readonly in: string;
  /** of one and of the other; absent where it has none */
  readonly a?: unknown;
  readonly b?: unknown;
}

/** Two steps that stand at the same place of two ancestries. */
export interface Parting {
  readonly a: Pick<Made, 'step' | 'key' | 'statement' | 'member' | 'generation'>;
  readonly b: Pick<Made, 'step' | 'key' | 'statement' | 'member' | 'generation'>;
  readonly differences: readonly Difference[];
}

/**
 * Pairs of steps of which the differences do not follow from what they were made of, those farthest back first; none where the two are the
 * same artifact. Steps are paired by the names of inputs, from the two artifacts on; what one has and the other has not is a difference.
 */
export async function diffLineage(store: ArtifactStore, graph: LineageGraph, a: ArtifactRef, b: ArtifactRef): Promise<Parting[]> {
  const seen = new Set<string>();
  const partings: Parting[] = [];
  const visit = async (one: Digest, other: Digest): Promise<void> => {
    if (one === other || seen.has(`${one} ${other}`)) return;
    seen.add(`${one} ${other}`);
    const [by, beside] = closest(graph, one, other);
    if (!by || !beside) return;
    for (const [name, { digest }] of Object.entries(by.inputs)) {
      const twin = beside.inputs[name];
      if (twin) await visit(digest, twin.digest);
    }
    const differences = await ownDifferences(store, graph, by, beside);
    if (differences.length > 0) partings.push({ a: named(by), b: named(beside), differences });
  };
  await visit(a.digest, b.digest);
  return partings;
}

/** Of the steps that made either, the two that are most alike. */
function closest(graph: LineageGraph, a: Digest, b: Digest): [Made?, Made?] {
  const pairs = (graph.makers.get(a) ?? []).flatMap((by) =>
    (graph.makers.get(b) ?? []).map((beside): [Made, Made] => [by, beside]),
  );
  const alike = ([by, beside]: [Made, Made]) =>
    (['step', 'member', 'seed', 'generation', 'engineFingerprint'] as const).filter((field) => by[field] === beside[field])
      .length;
  return pairs.sort((x, y) => alike(y) - alike(x))[0] ?? [];
}

async function ownDifferences(store: ArtifactStore, graph: LineageGraph, by: Made, beside: Made): Promise<Difference[]> {
  const [a, b] = [await factsOf(store, by), await factsOf(store, beside)];
  const fields = (['step', 'stepVersion', 'member', 'seed', 'engineFingerprint', 'generation'] as const)
    .filter((field) => a[field] !== b[field])
    .map((field) => ({ in: field, a: a[field], b: b[field] }));
  const found = [
    ...fields,
    ...different('parameters', a.parameters, b.parameters),
    ...references(graph, a.inputs, b.inputs),
    ...references(graph, a.sources, b.sources),
  ];
  // another code is a reason where nothing else is: the same step, of the same things, that made others
  const sameInputs = canonicalJson(a.inputs) === canonicalJson(b.inputs);
  return found.length === 0 && sameInputs && a.code.digest !== b.code.digest ? [{ in: 'code', a: a.code.digest, b: b.code.digest }] : found; // prettier-ignore
}

/** Inputs that one has alone, or that differ and of which no statement says why. */
function references(
  graph: LineageGraph,
  a: Readonly<Record<string, ArtifactRef>>,
  b: Readonly<Record<string, ArtifactRef>>,
): Difference[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].sort().flatMap((name) => {
    const [one, other] = [a[name]?.digest, b[name]?.digest];
    const explained = one !== undefined && other !== undefined && graph.makers.has(one) && graph.makers.has(other);
    return one === other || explained ? [] : [{ in: name, a: one, b: other }];
  });
}

/** Paths at which two JSON values differ. */
function different(path: string, a: unknown, b: unknown): Difference[] {
  if (canonicalJson(a ?? null) === canonicalJson(b ?? null)) return [];
  if (!isObject(a) || !isObject(b)) return [{ in: path, a, b }];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .sort()
    .flatMap((key) => different(`${path}.${key}`, a[key], b[key]));
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const named = ({ step, key, statement, member, generation }: Made) => ({ step, key, statement, member, generation });
