/** The files and folders of this machine that a plan reads: what they hold is part of a plan's identity, where they lie is not. */
import type { Digest } from '../common/canonical.js';
import { operatorsOf } from './members.js';
import { isSource, sourcesOf, termsOf, type MixturePlan } from './mixture.js';
import { needsOf, type OperatorPlan } from './operator-plan.js';
import type { Phased } from './phases.js';
import type { ExperimentPlan, MetricPlan } from './plan.js';

/** `file:PATH` -> digest of what it holds: of a text's or image file's bytes, of a checkpoint's list of files and their digests. */
export type SourceDigests = Readonly<Record<string, Digest>>;

export interface LocalSources {
  /** texts and images */
  readonly data: readonly string[];
  /** folders and files of base checkpoints */
  readonly checkpoints: readonly string[];
  /** folders of sentence encoders, which metrics name in their settings, and of detectors, which operators do */
  readonly encoders: readonly string[];
}

/** The path of a local source, which may be written as a URL, too: `file:/a/b` or `file:///a/b`. */
export function pathOfSource(source: string): string {
  return source.slice('file:'.length).replace(/^\/\/(?=\/)/, '');
}

/** Each local source of a plan once. */
export function localSources(plan: ExperimentPlan): LocalSources {
  const { data, checkpoints, encoders } = sourcesIn(plan);
  return { data: data.filter(isLocal), checkpoints: checkpoints.filter(isLocal), encoders: encoders.filter(isLocal) };
}

/** Every source of a plan once, local or not. */
export function everySource(plan: ExperimentPlan): readonly string[] {
  const { data, checkpoints, encoders } = sourcesIn(plan);
  return [...new Set([...data, ...checkpoints, ...encoders])];
}

function sourcesIn(plan: ExperimentPlan): LocalSources {
  const splits = [plan.data, ...plan.conditions.map(({ data }) => ({ text: data }))].flatMap((data) =>
    Object.values(data).filter(Boolean),
  ) as readonly {
    readonly train?: string;
    readonly valid?: string;
    readonly test?: string;
  }[];
  const texts = splits.flatMap(({ train, valid, test }) => [train, valid, test]);
  const members = [plan.population, ...plan.conditions.map((condition) => condition.members)].flat();
  const mixed = plan.conditions.flatMap((condition) => membersOf(condition));
  const bases = members.map((member) => ('base' in member && member.base.kind === 'checkpoint' ? member.base.source : undefined));
  return {
    data: once([...texts, ...mixed.flatMap(({ mixture }) => termSources(mixture))]),
    checkpoints: once(bases),
    encoders: once([...encodersOf(plan.metrics), ...detectorsOf(mixed.flatMap(operatorsOf))]),
  };
}

/** Sources of the sentence encoders that metrics name, each once. */
export function encodersOf(metrics: readonly MetricPlan[]): readonly string[] {
  return once(metrics.map(({ settings }) => (typeof settings.encoder === 'string' ? settings.encoder : undefined)));
}

/** Sources of the detectors that operators are given, each once. */
export function detectorsOf(operators: readonly OperatorPlan[]): readonly string[] {
  return once(needsOf(operators).observations.map(({ model }) => model));
}

/** Metrics whose local encoders are named by what they hold, so that no folder's path is part of a key or stands in a result. */
export function metricsByContent(metrics: readonly MetricPlan[], sources: SourceDigests = {}): readonly MetricPlan[] {
  const names = encodersOf(metrics).flatMap((source): [string, string][] =>
    sources[source] === undefined ? [] : [[source, `file:${nameOfPath(pathOfSource(source))}@${sources[source]}`]],
  );
  return names.length === 0 ? metrics : renameSources(metrics, new Map(names));
}

/** Where the encoder lies that `metricsByContent` has named so; undefined: not known here. One of the Hub is named as it is. */
export function encoderSource(name: string, sources: SourceDigests = {}): string | undefined {
  if (!isLocal(name) || digestIn(name) === undefined) return name;
  return Object.keys(sources).find((source) => sources[source] === digestIn(name));
}

/** What a local source holds, where its name says so: `file:NAME@sha256:…`. */
export function digestIn(source: string): Digest | undefined {
  return /@(sha256:[0-9a-f]{64})$/.exec(source)?.[1] as Digest | undefined;
}

/** The last part of a path. */
export function nameOfPath(path: string): string {
  return path.split(/[/\\]/).filter((segment) => segment !== '').at(-1) ?? ''; // prettier-ignore
}

/** In all of its phases. */
function membersOf<M>({ members, phases = [] }: Phased<M>): M[] {
  return [members, ...phases.map((phase) => phase.members)].flat();
}

/** Other real texts that a mixture's terms read. */
function termSources(mixture: MixturePlan): string[] {
  return termsOf(mixture).flatMap((one) => sourcesOf(one).filter(isSource));
}

/**
 * Members whose mixtures and operators name local texts and detectors by what they hold, `file:@sha256:…`, so that no path is part of a
 * step's key. Those of which nothing is known keep their path.
 */
export function byContent<M extends { readonly mixture: MixturePlan; readonly postprocess?: readonly OperatorPlan[] }>(
  members: readonly M[],
  sources: SourceDigests = {},
): readonly M[] {
  const names = new Map(Object.entries(sources).map(([source, digest]) => [source, `file:@${digest}`]));
  return members.map((member) => ({
    ...member,
    ...(member.mixture.kind === 'terms' && { mixture: renameSources(member.mixture, names) }),
    ...(member.postprocess && { postprocess: renameSources(member.postprocess, names) }),
  }));
}

/** The path of a source that is named by what it holds. */
export function sourceOfContent(name: string, sources: SourceDigests = {}): string {
  return Object.keys(sources).find((source) => name === `file:@${sources[source]}`) ?? name;
}

const isLocal = (source: string): boolean => source.startsWith('file:');

function once(sources: readonly (string | undefined)[]): string[] {
  return [...new Set(sources.filter((source) => source !== undefined))];
}

/** A copy of plain data in which strings that are keys of `names` are replaced. */
export function renameSources<T>(value: T, names: ReadonlyMap<string, string>): T {
  const rename = (part: unknown): unknown => {
    if (typeof part === 'string') return names.get(part) ?? part;
    if (Array.isArray(part)) return part.map(rename);
    if (typeof part !== 'object' || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, rename(inner)]));
  };
  return rename(value) as T;
}
