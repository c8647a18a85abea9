/** The name of what an experiment computes, apart from what it is called, how many chains it has and how fast it goes. */
import { canonicalJson, isDigest, sha256, type Digest } from '../common/canonical.js';
import { DEFAULT_ENGINE } from '../engines/registry.js';
import type { ExperimentPlan, MemberExecutionPlan } from './plan.js';
import { localSources, nameOfPath, pathOfSource, renameSources } from './sources.js';

/**
 * The one digest of a plan: results are filed under it, and everything that names a plan names this. It is of what determines a
 * chain's numbers: data by content, tokenizer, members, conditions, and device and engine where the file names one. Not of name and title,
 * seeds, number of generations (also a condition's own of both) and metrics (more of them are more chains, longer ones and more that is known of them, not others),
 * paths, what is claimed of sources, or execution.
 */
export function planDigest(plan: ExperimentPlan): Digest {
  return sha256(planIdentity(plan));
}

/** What a plan's digest is of, as canonical JSON. */
export function planIdentity(plan: ExperimentPlan): string {
  const {
    name: _name,
    title: _title,
    seeds: _seeds,
    generations: _generations,
    metrics: _metrics,
    execution,
    sources: _,
    claims: _claims,
    conditions,
    ...rest
  } = plan;
  const { device, engine } = execution;
  // a file that is called otherwise holds the same
  return canonicalJson({
    ...named(
      withoutQueues({ ...rest, conditions: conditions.map(({ generations: _last, seeds: _own, ...condition }) => condition) }),
      plan,
      (name, digest) => (digest ? `file:@${digest}` : `file:${name}`),
    ),
    device,
    engine: engine === DEFAULT_ENGINE ? undefined : engine,
  });
}

/** The same without the members' task queues, wherever members stand. */
function withoutQueues<T>(part: T): T {
  if (Array.isArray(part)) return part.map(withoutQueues) as T;
  if (typeof part !== 'object' || part === null) return part;
  const { execution, ...rest } = part as Record<string, unknown> & { execution?: MemberExecutionPlan };
  const whole = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, withoutQueues(value)]));
  const { device } = execution ?? {};
  return (device === undefined ? whole : { ...whole, execution: { device } }) as T;
}

/** The plan as others may read it: local sources as `file:NAME@sha256:…`, without the folders of this machine. Same digest. */
export function portablePlan<P extends ExperimentPlan>(plan: P): P {
  const { sources: _, ...rest } = plan;
  return named(rest as P, plan, (name, digest) => `file:${name}${digest ? `@${digest}` : ''}`);
}

/** What a file says, in the same form as its portable plan. */
export function portableDocument(document: unknown, plan: ExperimentPlan): unknown {
  return named(document, plan, (name, digest) => `file:${name}${digest ? `@${digest}` : ''}`);
}

/** A local source as a portable plan names it; undefined of anything else. */
export function recordedSource(source: string): { readonly name: string; readonly digest: Digest } | undefined {
  if (!source.startsWith('file:')) return undefined;
  const { name, digest } = partsOf(source);
  return digest === undefined ? undefined : { name, digest: digest as Digest };
}

/** A source in a sentence: of a local one the file's name, without folder and digest. */
export function sourceName(source: string): string {
  return source.startsWith('file:') ? partsOf(source).name : source;
}

/** A local source's last part, and the digest where it is written with it. */
function partsOf(source: string): { readonly name: string; readonly digest?: Digest } {
  const path = pathOfSource(source);
  const at = path.lastIndexOf('@');
  const digest = path.slice(at + 1);
  const written = at !== -1 && isDigest(digest);
  return { name: nameOfPath(written ? path.slice(0, at) : path), ...(written && { digest }) };
}

function named<T>(part: T, plan: ExperimentPlan, write: (name: string, digest: string | undefined) => string): T {
  const { data, checkpoints, encoders } = localSources(plan);
  const names = [...data, ...checkpoints, ...encoders].map((source): [string, string] => {
    const { name, digest } = partsOf(source);
    return [source, write(name, digest ?? plan.sources?.[source])];
  });
  return renameSources(part, new Map(names));
}
