/** Gathers what statements say of an artifact and of everything that it came from. */
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { blobKey } from '../artifacts/keys.js';
import type { ArtifactManifest, ArtifactRef, ArtifactStore } from '../artifacts/types.js';
import { getKept } from '../artifacts/trash.js';
import { mapBounded } from '../common/bounded.js';
import type { Digest } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import { factsOf, type Claim, type LineageGraph } from '../lineage/graph.js';
import { ancestryOf } from '../lineage/walk.js';
import { RECORDS_FILE } from '../pool/records.js';
import { SCORES_FILE, scoresDocument, type ScoresDocument } from '../spec/results.js';
import type { Place, Source, Subject } from './types.js';

/** Statements and scores read at a time. */
const READS = 16;

/** @throws 'verification' and 'notFound' for what the store has not whole */
export async function readSubject(store: ArtifactStore, graph: LineageGraph, of: ArtifactRef): Promise<Subject> {
  const ancestry = ancestryOf(graph, [of]);
  const manifest = await store.manifest(of.digest);
  const steps = await mapBounded(ancestry.made, READS, async (made) => ({
    ...(await factsOf(store, made)),
    statement: made.statement,
  }));
  const places = placesOf(graph, of.digest);
  return {
    artifact: { ...of, files: manifest.files },
    manifest,
    artifacts: [...ancestry.artifacts.values()],
    steps: steps.sort((a, b) => order(a.invocation.startedOn, b.invocation.startedOn) || order(a.statement, b.statement)),
    sources: (await mapBounded([...ancestry.sources.values()], READS, (one) => sourceOf(store, one))).sort((a, b) =>
      order(a.artifact.digest, b.artifact.digest),
    ),
    places,
    scores: await scoresAt(store, graph, places),
    ...(await firstRecord(store, manifest)),
    unattested: ancestry.unattested,
  };
}

/** The first line of a dataset's records; no more of them is read. */
async function firstRecord(store: ArtifactStore, { kind, files }: ArtifactManifest): Promise<Pick<Subject, 'firstRecord'>> {
  const file = files.find(({ path }) => path === RECORDS_FILE);
  if (kind !== 'dataset' || !file || file.size === 0) return {};
  const stream = Readable.from(await getKept(store.objects, blobKey(file.digest)));
  for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
    stream.destroy();
    try {
      return { firstRecord: JSON.parse(line) as Subject['firstRecord'] };
    } catch {
      throw new HabsburgError(
        'verification',
        `${file.path} of a ${kind} begins with a line that is no JSON; habsburg lineage verify says more`,
      );
    }
  }
  return {};
}

async function sourceOf(
  store: ArtifactStore,
  { ref, names, claims }: { readonly ref: ArtifactRef; readonly names: readonly string[]; readonly claims: readonly Claim[] },
): Promise<Source> {
  const said = (take: (claim: Claim) => string | undefined): string[] =>
    [...new Set(claims.map(take).filter((one) => one !== undefined))].sort(order);
  const { kind, digest, size } = ref;
  return {
    artifact: { kind, digest, size, files: claims[0]?.artifact.files ?? (await store.manifest(digest)).files },
    names: claims.length > 0 ? said(({ name }) => name) : [...names].sort(order),
    uris: said(({ uri }) => uri),
    licences: said(({ licence }) => licence),
    origins: said(({ origin }) => origin) as Source['origins'],
    kept: claims.some(({ kept }) => kept),
    statements: claims.map(({ statement }) => statement).sort(order),
  };
}

function placesOf(graph: LineageGraph, digest: Digest): Place[] {
  const found = (graph.belongs.get(digest) ?? []).map(({ result: { experiment, plan, run, generations }, role }): Place => ({
    experiment,
    plan,
    run,
    ...(generations && { generation: generations.from }),
    role,
  })); // prettier-ignore
  const key = ({ experiment, run, generation = -1, role, plan }: Place) => JSON.stringify([experiment, run, generation, role, plan]); // prettier-ignore
  return [...new Map(found.map((one) => [key(one), one])).values()].sort(
    (a, b) =>
      order(a.experiment, b.experiment) ||
      order(a.run, b.run) ||
      (a.generation ?? -1) - (b.generation ?? -1) ||
      order(a.role, b.role) ||
      order(a.plan, b.plan),
  );
}

/** What was found of the models at some places, each measurement once. */
async function scoresAt(store: ArtifactStore, graph: LineageGraph, places: readonly Place[]): Promise<ScoresDocument['values']> {
  const at = new Set(places.flatMap((place) => (place.role.endsWith('/model') ? [evaluated(place)] : [])));
  const scores = graph.results.flatMap(({ experiment, plan, run, generations, artifacts }) =>
    Object.entries(artifacts)
      .filter(([role]) => role.endsWith('/scores'))
      .filter(([role]) => at.has(evaluated({ experiment, plan, run, generation: generations?.from, role })))
      .map(([, { digest }]) => digest),
  );
  const values = await mapBounded([...new Set(scores)].sort(order), READS, async (digest) => {
    const parsed = scoresDocument.safeParse(JSON.parse((await store.readFile(digest, SCORES_FILE)).toString('utf8')));
    if (!parsed.success)
      throw new HabsburgError('verification', `${SCORES_FILE} of ${digest}: ${parsed.error.issues[0].message}; score it again`);
    return parsed.data.values;
  });
  const key = ({ metric, variant, version, settings, subject }: ScoresDocument['values'][number]) =>
    JSON.stringify([metric, variant, version, subject, Object.entries(settings).sort(([a], [b]) => order(a, b))]);
  return [...new Map(values.flat().map((one) => [key(one), one])).values()];
}

/** A member's place in a run, whatever of it is meant. */
const evaluated = ({ experiment, plan, run, generation, role }: Pick<Place, 'experiment' | 'plan' | 'run' | 'role'> & { generation?: number }) => JSON.stringify([experiment, plan, run, generation, role.replace(/\/[^/]*$/, '')]); // prettier-ignore

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
