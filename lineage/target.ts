/** What the words of a command name: an artifact by digest, a step, a file that lies anywhere, or what an experiment left. */
import { stat } from 'node:fs/promises';
import { unlessDamaged } from '../artifacts/damage.js';
import { refOf } from '../artifacts/manifest.js';
import type { ArtifactRef, ArtifactStore } from '../artifacts/types.js';
import { measureFile } from '../artifacts/verified.js';
import type { Digest } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import type { LineageGraph } from './graph.js';

/** Digits of a digest that must be given at least. */
const LEAST = 8;

/** For `--help`. */
export const TARGET =
  'a digest (8 digits or more) of an artifact, file or step; EXPERIMENT/CONDITION/seed-N/GENERATION[/MEMBER/ROLE]; a source by name; or a file on disk';

/**
 * @returns the artifacts, at least one: of a step its outputs; of a file each artifact that it is in; of a generation its members' models
 * @throws 'notFound', and 'invalid' for digits that several digests begin with
 */
export async function findTarget(store: ArtifactStore, graph: LineageGraph, text: string): Promise<readonly ArtifactRef[]> {
  const digits = /^(?:sha256:)?([0-9a-f]{1,64})$/.exec(text)?.[1];
  if (digits !== undefined && digits.length >= LEAST) {
    const found = await byDigits(store, graph, digits);
    if (found) return found;
  }
  const named = byName(graph, text);
  if (named.length > 0) return named;
  if (await isFile(text)) return heldBy(graph, (await measureFile(text)).digest, text);
  throw new HabsburgError('notFound', `nothing in ${store.objects.url} is called ${text}; give ${TARGET}`);
}

/** The one artifact of a name. @throws as `findTarget`, and 'invalid' where it names several */
export async function oneTarget(store: ArtifactStore, graph: LineageGraph, text: string): Promise<ArtifactRef> {
  const found = await findTarget(store, graph, text);
  if (found.length === 1) return found[0];
  const names = found.slice(0, 4).map(({ kind, digest }) => `${kind} ${digest}`);
  throw new HabsburgError('invalid', `${text} names ${found.length} artifacts; name one: ${names.join(', ')}${found.length > 4 ? ' …' : ''}`); // prettier-ignore
}

/** Artifacts that a file is in, by its bytes alone. @throws 'notFound' */
export function heldBy(graph: LineageGraph, digest: Digest, path: string): readonly ArtifactRef[] {
  const found = graph.holders.get(digest);
  if (found) return found;
  throw new HabsburgError(
    'notFound',
    `no statement names the file ${path} (${digest}): nothing in this store made it or read it`,
  );
}

async function byDigits(store: ArtifactStore, graph: LineageGraph, digits: string): Promise<readonly ArtifactRef[] | undefined> {
  const whole = new Map<Digest, readonly ArtifactRef[]>();
  const matches = (digest: Digest) => digest.startsWith(digits, 'sha256:'.length);
  for (const [key, made] of graph.steps) if (matches(key)) whole.set(key, unique(made.flatMap(({ outputs }) => Object.values(outputs)))); // prettier-ignore
  for (const [digest, made] of graph.makers)
    if (matches(digest)) whole.set(digest, [Object.values(made[0].outputs).find((one) => one.digest === digest)!]);
  for (const [digest, [{ artifact }]] of graph.claims) if (matches(digest)) whole.set(digest, [artifact]);
  for (const [digest, refs] of graph.holders) if (matches(digest)) whole.set(digest, refs);
  if (whole.size > 1) throw new HabsburgError('invalid', `${whole.size} digests begin with ${digits}; give more of its digits`);
  for (const refs of whole.values()) return refs.map(({ kind, digest, size }) => ({ kind, digest, size }));
  return digits.length === 64 ? unstated(store, `sha256:${digits}`) : undefined;
}

/** An artifact that is in the store although no statement names it. */
async function unstated(store: ArtifactStore, digest: Digest): Promise<readonly ArtifactRef[] | undefined> {
  const manifest = await store.manifest(digest).catch(unlessDamaged);
  return manifest && [refOf(manifest)];
}

/** EXPERIMENT/RUN/GENERATION, and after it MEMBER/ROLE, of several plans of an experiment all; or what a source is said to be called. */
function byName({ results, claims }: LineageGraph, text: string): readonly ArtifactRef[] {
  const sources = [...claims.values()].flat().filter(({ name }) => name === text);
  if (sources.length > 0) return unique(sources.map(({ artifact }) => artifact));
  const [, experiment, run, generation, rest] = /^([^/]+)\/([^/]+\/[^/]+)\/(\d+)(?:\/(.+))?$/.exec(text) ?? [];
  const t = Number(generation);
  return unique(
    results
      .filter((one) => one.experiment === experiment && one.run === run && one.generations)
      .filter(({ generations }) => generations!.from <= t && t <= generations!.to)
      .flatMap(({ artifacts }) => {
        const left = (what: string) => Object.keys(artifacts).filter((role) => (rest === undefined ? role.endsWith(`/${what}`) : role === `${rest}/${what}`)); // prettier-ignore
        // where real text stands in place of a model's there is none
        const named = rest !== undefined && Object.hasOwn(artifacts, rest) ? [rest] : left('model').length > 0 ? left('model') : left('generated'); // prettier-ignore
        return named.map((role) => artifacts[role]);
      }),
  );
}

function unique(refs: readonly ArtifactRef[]): readonly ArtifactRef[] {
  return [...new Map(refs.map(({ kind, digest, size }) => [digest, { kind, digest, size }])).values()];
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
