/** From an artifact back to what it was made of, and from one to another. */
import type { ArtifactRef } from '../artifacts/types.js';
import type { Digest } from '../common/canonical.js';
import type { Claim, LineageGraph, Made } from './graph.js';

/** Everything that some artifacts came from, themselves among it. */
export interface AncestryGraph {
  /** in the order of a walk back from where it began */
  readonly artifacts: ReadonlyMap<Digest, ArtifactRef>;
  /** the statements that say how; of a step that was stated several times each */
  readonly made: readonly Made[];
  /** what was read from outside, with the names under which it was read and what is claimed of it */
  readonly sources: ReadonlyMap<Digest, { readonly ref: ArtifactRef; readonly names: readonly string[]; readonly claims: readonly Claim[] }>; // prettier-ignore
  /** what no statement says the making of, and that is no source */
  readonly unattested: readonly ArtifactRef[];
}

/** Every maker of an artifact is followed: equal content that two steps made may have come from either. */
export function ancestryOf(graph: LineageGraph, of: readonly ArtifactRef[]): AncestryGraph {
  const artifacts = new Map(of.map((ref) => [ref.digest, ref]));
  const sources = new Map<Digest, { ref: ArtifactRef; names: string[]; claims: readonly Claim[] }>();
  const made = new Set<Made>();
  const unattested: ArtifactRef[] = [];
  for (const ref of artifacts.values()) {
    const makers = graph.makers.get(ref.digest) ?? [];
    const claims = graph.claims.get(ref.digest);
    if (claims && !sources.has(ref.digest)) sources.set(ref.digest, { ref, names: [], claims });
    if (makers.length === 0 && !sources.has(ref.digest)) unattested.push(ref);
    for (const one of makers) {
      made.add(one);
      for (const [name, { digest, kind, size }] of Object.entries(one.sources)) {
        const known = sources.get(digest);
        if (known) known.names.push(...(known.names.includes(name) ? [] : [name]));
        else sources.set(digest, { ref: { digest, kind, size }, names: [name], claims: graph.claims.get(digest) ?? [] });
        artifacts.set(digest, { digest, kind, size });
      }
      // a Map is walked to its end, what is added on the way too
      for (const input of Object.values(one.inputs)) if (!artifacts.has(input.digest)) artifacts.set(input.digest, input);
    }
  }
  return { artifacts, made: [...made], sources, unattested };
}

/** One step on the way back: `artifact` was made by `by` of `of`, its input or source of that name. */
export interface Link {
  readonly artifact: ArtifactRef;
  readonly by: Made;
  readonly name: string;
  readonly of: ArtifactRef;
}

/** A shortest way from an artifact back to another; undefined where there is none. Empty from an artifact to itself. */
export function pathBetween(graph: LineageGraph, from: ArtifactRef, to: Digest): Link[] | undefined {
  const links = new Map<Digest, Link | undefined>([[from.digest, undefined]]);
  const queue: ArtifactRef[] = [from];
  for (const artifact of queue) {
    if (artifact.digest === to) return unwind(links, to);
    for (const by of graph.makers.get(artifact.digest) ?? [])
      for (const [name, of] of [...Object.entries(by.inputs), ...Object.entries(by.sources)]) {
        if (links.has(of.digest)) continue;
        links.set(of.digest, { artifact, by, name, of });
        queue.push(of);
      }
  }
  return undefined;
}

function unwind(links: ReadonlyMap<Digest, Link | undefined>, to: Digest): Link[] {
  const path: Link[] = [];
  for (let link = links.get(to); link; link = links.get(link.artifact.digest)) path.unshift(link);
  return path;
}
