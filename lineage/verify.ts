/**
 * Whether what statements say of an artifact's ancestry holds: every byte hashed anew, every step's key computed from its own fields, every
 * input some other statement's output. Who says so is another question (trust.ts).
 */
import { orDamage } from '../artifacts/damage.js';
import { SOURCE_KIND } from '../artifacts/in-toto.js';
import { blobKey } from '../artifacts/keys.js';
import { readRemoved } from '../artifacts/removed.js';
import { statKept } from '../artifacts/trash.js';
import type { ArtifactFile, ArtifactManifest, ArtifactRef, ArtifactStore } from '../artifacts/types.js';
import { hashBlob, type Measured } from '../artifacts/verified.js';
import { mapBounded } from '../common/bounded.js';
import { canonicalJson, type Digest } from '../common/canonical.js';
import type { LineageGraph, Made } from './graph.js';
import { ancestryOf } from './walk.js';

/** Files hashed at a time. */
const READS = 4;

export interface Verdict {
  /**
   * `damaged`: bytes are others than their name says, or not there; `unattested`: no statement says how it was made; `unreadable`: a
   * statement that is none, or whose step key does not follow from its fields; `disagrees`: two things that must be the same are not.
   * Of lineage/trust.ts: `untrusted`: signed by who may not; `revoked`: by a key that was given up; `missing`: logged, and taken away; `log`:
   * the log is not what it was
   */
  readonly verdict: 'damaged' | 'unattested' | 'unreadable' | 'disagrees' | 'untrusted' | 'revoked' | 'missing' | 'log';
  readonly artifact?: Digest;
  /** step and key */
  readonly step?: string;
  readonly key?: Digest;
  readonly statement?: Digest;
  /** that signed it */
  readonly keyid?: string;
  readonly what: string;
}

/** A file that was removed on purpose: nothing can be said of its bytes, and nothing contradicts what is stated of them. */
export interface RemovedFile {
  readonly artifact: Digest;
  readonly path: string;
  readonly file: Digest;
  /** when, by the store's clock */
  readonly at: string;
}

export interface Verification {
  readonly artifacts: number;
  readonly steps: number;
  readonly statements: number;
  readonly sources: number;
  readonly bytes: number;
  readonly verdicts: readonly Verdict[];
  readonly removed: readonly RemovedFile[];
}

/** @param progress is told how many bytes have been hashed */
export async function verifyLineage(
  store: ArtifactStore,
  graph: LineageGraph,
  of: readonly ArtifactRef[],
  { progress, signal }: { progress?(bytes: number): void; readonly signal?: AbortSignal } = {},
): Promise<Verification> {
  const { artifacts, made, sources, unattested } = ancestryOf(graph, of);
  const kept = new Set([...sources].filter(([, { claims }]) => claims.some((claim) => claim.kept)).map(([digest]) => digest));
  const removals = await readRemoved(store);
  const removed: RemovedFile[] = [];
  const hashed = new Map<Digest, Promise<Measured | string>>();
  let bytes = 0;
  const hash = (digest: Digest) => {
    const known = hashed.get(digest) ?? orDamage(() => hashBlob(store.objects, digest));
    if (!hashed.has(digest))
      hashed.set(
        digest,
        known.then((found) => (progress?.((bytes += typeof found === 'string' ? 0 : found.size)), found)),
      );
    return hashed.get(digest)!;
  };
  const looked = await mapBounded([...artifacts.values()], READS, async (ref): Promise<Verdict[]> => {
    signal?.throwIfAborted();
    const known = await orDamage(() => store.manifest(ref.digest));
    if (typeof known === 'string') return [{ verdict: 'damaged', artifact: ref.digest, ...stepOf(graph, ref), what: known }];
    // of a source of which only the digests were kept there is no file to hash
    const files = sources.has(ref.digest) && !kept.has(ref.digest) ? [] : known.files;
    const wrong = await mapBounded(files, READS, async ({ path, digest, size }) => {
      const at = removals.get(digest);
      if (at !== undefined && !(await statKept(store.objects, blobKey(digest)))) {
        removed.push({ artifact: ref.digest, path, file: digest, at });
        return [];
      }
      const found = await hash(digest);
      const what = typeof found === 'string' ? found : found.size === size ? undefined : `it has ${found.size} bytes in place of ${size}`; // prettier-ignore
      return what === undefined ? [] : [`${path} of ${ref.kind} ${ref.digest}: ${what}`];
    });
    return [
      ...wrong.flat().map((what): Verdict => ({ verdict: 'damaged', artifact: ref.digest, ...stepOf(graph, ref), what })),
      ...statedOtherwise(graph, ref, known),
    ];
  });
  const keys = new Set(made.map(({ key }) => key));
  return {
    artifacts: artifacts.size,
    steps: keys.size,
    statements: made.length + [...sources.values()].reduce((sum, { claims }) => sum + claims.length, 0),
    sources: sources.size,
    bytes,
    removed,
    verdicts: [
      ...looked.flat(),
      ...unattested.map((ref): Verdict => ({ verdict: 'unattested', artifact: ref.digest, what: `no statement says how the ${ref.kind} ${ref.digest} was made` })), // prettier-ignore
      ...[...sources.values()].filter(({ claims }) => claims.length === 0).map(({ ref }): Verdict => ({ verdict: 'unattested', artifact: ref.digest, what: `no statement says what the source ${ref.digest} is` })), // prettier-ignore
      ...[...keys].flatMap((key) => betweenStatements(graph.steps.get(key)!)),
      ...made.flatMap((one) => wrongInputs(graph, one)),
      ...unreadable(graph, keys, sources, unattested.length > 0),
    ],
  };
}

/** The manifest has the files, the kind and the size that the statements name. */
function statedOtherwise(graph: LineageGraph, ref: ArtifactRef, manifest: ArtifactManifest): Verdict[] {
  const size = manifest.files.reduce((sum, file) => sum + file.size, 0);
  const own = canonicalJson({ kind: manifest.kind, size, files: inOrder(manifest.files) });
  const made = (graph.makers.get(ref.digest) ?? []).flatMap((by) =>
    Object.values(by.outputs)
      .filter(({ digest }) => digest === ref.digest)
      .map((artifact) => ({ artifact, named: named(by) })),
  );
  const claimed = (graph.claims.get(ref.digest) ?? []).map(({ artifact, statement }) => ({ artifact, named: { statement } }));
  return [...made, ...claimed]
    .filter(({ artifact: { kind, size, files } }) => canonicalJson({ kind, size, files: inOrder(files) }) !== own)
    .map(({ named }) => ({ verdict: 'disagrees', artifact: ref.digest, ...named, what: `the statement names other files, another kind or size than ${manifest.kind} ${ref.digest} has` })); // prettier-ignore
}

const inOrder = (files: readonly ArtifactFile[]) =>
  files.map(({ path, digest, size }) => ({ path, digest, size })).sort((a, b) => (a.path < b.path ? -1 : 1));

/** Statements of one step name the same outputs. */
function betweenStatements(made: readonly Made[]): Verdict[] {
  const outputs = ({ outputs }: Made) => canonicalJson(Object.fromEntries(Object.entries(outputs).map(([name, { digest }]) => [name, digest]))); // prettier-ignore
  return made
    .filter((one) => outputs(one) !== outputs(made[0]))
    .map((one) => ({ verdict: 'disagrees', ...named(one), what: `the step ${one.step} ${one.key} has statements of two different results` })); // prettier-ignore
}

/** An input is what its own statements say it is. That there are any is looked at where the artifact is. */
function wrongInputs(graph: LineageGraph, by: Made): Verdict[] {
  const inputs = Object.entries(by.inputs).flatMap(([name, input]) =>
    (graph.makers.get(input.digest) ?? []).flatMap(({ outputs }) =>
      Object.values(outputs)
        .filter(({ digest, kind, size }) => digest === input.digest && (kind !== input.kind || size !== input.size))
        .map(({ kind }) => `its input ${name} is a ${kind} of another statement, not the ${input.kind} that it says`),
    ),
  );
  const sources = Object.entries(by.sources)
    .filter(([, { kind }]) => kind !== SOURCE_KIND)
    .map(([name]) => `${name} is no source`);
  return [...new Set([...inputs, ...sources])].map((what) => ({ verdict: 'disagrees', ...named(by), what }));
}

/** Statements that cannot be believed: of the steps and sources on the way; where something has none, of any step, for it may be that. */
function unreadable(
  graph: LineageGraph,
  keys: ReadonlySet<Digest>,
  sources: ReadonlyMap<Digest, unknown>,
  gap: boolean,
): Verdict[] {
  return graph.faults.flatMap(({ about, statement, what }): Verdict[] => {
    const [room, name] = about.split('/', 2);
    const key: Digest = `sha256:${name}`;
    if (room === 'steps' ? !gap && !keys.has(key) : room !== 'sources' || !sources.has(key)) return [];
    return [{ verdict: 'unreadable', ...(room === 'steps' ? { key } : { artifact: key }), statement, what }];
  });
}

const named = ({ step, key, statement }: Made) => ({ step, key, statement });

function stepOf(graph: LineageGraph, { digest }: ArtifactRef): Pick<Verdict, 'step' | 'key'> {
  const by = graph.makers.get(digest)?.[0];
  return by ? { step: by.step, key: by.key } : {};
}
