/**
 * What documents lead to: the artifacts that they name with their files, the steps that made these, what those were made of, and so on
 * back to the sources. Digests are followed wherever they stand in a document, so that none is missed because a reader does not know
 * the document's form; what is followed too far is only kept too long.
 */
import { isDamage, unlessDamaged } from '../artifacts/damage.js';
import { blobKey } from '../artifacts/keys.js';
import { parseStatement } from '../artifacts/statement.js';
import { readStatement } from '../artifacts/statements.js';
import { readStep, stepName } from '../artifacts/step-record.js';
import type { ArtifactKind, ArtifactManifest, ArtifactRef, ArtifactStore } from '../artifacts/types.js';
import { addTo } from '../common/add-to.js';
import { mapBounded } from '../common/bounded.js';
import type { Digest } from '../common/canonical.js';
import { digestsIn, type Inventory } from './inventory.js';

const READS = 32;
/** How a manifest begins, being canonical JSON. */
const HEAD = Buffer.from('{"facts":{');
/** A manifest larger than this is none. */
const MANIFEST_LIMIT = 16 * 1024 * 1024;

/** What a blob is that is no file of an artifact. */
export const MANIFEST = 'manifest';
export const DOCUMENT = 'document';

export class Reach {
  /** what a step's record and the statements about it name: outputs, inputs, sources, code */
  readonly #steps = new Map<Digest, ReadonlySet<Digest>>();
  readonly #makers = new Map<Digest, Digest[]>();
  /** steps of which nothing says any more what they made */
  readonly unreadable: Digest[] = [];
  /** steps whose statements are damaged, all of them: what they read is not known */
  readonly closed = new Set<Digest>();
  /** files of manifests that were read; null: no manifest */
  readonly #manifests = new Map<Digest, ArtifactManifest | null>();
  /** kind of the artifact that a file belongs to; of several the one that was seen first */
  readonly #kinds = new Map<Digest, ArtifactKind>();

  private constructor(
    private readonly store: ArtifactStore,
    private readonly inventory: Inventory,
  ) {}

  /** Reads every step's record and statements once. Where the record is damaged or gone, a statement says what the step made. */
  static async over(store: ArtifactStore, inventory: Inventory): Promise<Reach> {
    const reach = new Reach(store, inventory);
    await mapBounded(
      [...inventory.steps].sort(([a], [b]) => (a < b ? -1 : 1)),
      READS,
      async ([step, keys]) => {
        const closed: string[] = [];
        reach.#steps.set(step, await digestsIn(store, keys, (key) => closed.push(key)));
        if (closed.length > 0 && closed.length === keys.filter((key) => key.startsWith('statements/')).length)
          reach.closed.add(step);
        const outputs = await outputsOf(store, step, keys);
        if (!outputs) reach.unreadable.push(step);
        for (const digest of outputs ?? []) addTo(reach.#makers, digest, step);
      },
    );
    return reach;
  }

  /** Artifacts that a step made or a statement claims as a source, by their digests: those of manifests. */
  get artifacts(): ReadonlySet<Digest> {
    return new Set([...this.#makers.keys(), ...this.inventory.sources.keys()]);
  }

  /** Digests of the blobs that documents lead to. @param keys of the documents */
  async from(keys: readonly string[]): Promise<ReadonlySet<Digest>> {
    return new Set([...(await this.everything(keys))].filter((digest) => this.inventory.blobs.has(digest)));
  }

  /** The same with the keys of steps, and digests of what is not there. */
  async everything(keys: readonly string[]): Promise<ReadonlySet<Digest>> {
    const seen = new Set<Digest>();
    let level = [...(await digestsIn(this.store, keys))];
    while (level.length > 0) {
      for (const digest of level) seen.add(digest);
      const led = await mapBounded(level, READS, (digest) => this.#ledTo(digest));
      level = [...new Set(led.flat())].filter((digest) => !seen.has(digest));
      if (level.length === 0) level = this.#makersOf(seen);
    }
    return seen;
  }

  /** Of what is seen and none of whose makers is, one each: equal texts of several seeds are made by one step of each. */
  #makersOf(seen: ReadonlySet<Digest>): Digest[] {
    return [...seen].flatMap((digest) => {
      const makers = this.#makers.get(digest);
      return makers === undefined || makers.some((step) => seen.has(step)) ? [] : [makers[0]];
    });
  }

  /** What a blob that was reached is: the kind of its artifact, a manifest, or a document such as a plan. */
  kindOf(digest: Digest): ArtifactKind {
    return this.#manifests.get(digest) ? MANIFEST : (this.#kinds.get(digest) ?? DOCUMENT);
  }

  async #ledTo(digest: Digest): Promise<Digest[]> {
    const sources = this.inventory.sources.get(digest);
    return [
      ...(this.#steps.get(digest) ?? []),
      ...(sources ? await digestsIn(this.store, sources) : []),
      ...((await this.#manifestAt(digest))?.files.map((file) => file.digest) ?? []),
    ];
  }

  async #manifestAt(digest: Digest): Promise<ArtifactManifest | null> {
    const known = this.#manifests.get(digest);
    if (known !== undefined) return known;
    const manifest = (await this.#beginsAsOne(digest))
      ? ((await this.store.manifest(digest).catch(unlessDamaged)) ?? null)
      : null;
    this.#manifests.set(digest, manifest);
    for (const file of manifest?.files ?? []) if (!this.#kinds.has(file.digest)) this.#kinds.set(file.digest, manifest!.kind);
    return manifest;
  }

  /** Of most files the first bytes say that they are none; a model is not read for that. */
  async #beginsAsOne(digest: Digest): Promise<boolean> {
    const size = this.inventory.blobs.get(digest);
    if (size === undefined || size > MANIFEST_LIMIT || this.#kinds.has(digest)) return false;
    const stream = await this.store.objects.get(blobKey(digest)).catch(unlessDamaged);
    if (!stream) return false;
    for await (const chunk of stream)
      return Buffer.from(chunk as Buffer)
        .subarray(0, HEAD.length)
        .equals(HEAD);
    return false;
  }
}

/** What a step made; undefined where that is known no more. */
async function outputsOf(store: ArtifactStore, step: Digest, keys: readonly string[]): Promise<readonly Digest[] | undefined> {
  const digests = (outputs: Readonly<Record<string, ArtifactRef>>) => Object.values(outputs).map(({ digest }) => digest);
  const record = await readStep(store, step).catch(unlessDamaged);
  if (record) return digests(record.outputs);
  const statements = keys.filter((key) => key.startsWith('statements/'));
  for (const key of statements) {
    const digest: Digest = `sha256:${key.slice(-'.json'.length - 64, -'.json'.length)}`;
    try {
      return digests(parseStatement((await readStatement(store, stepName(step), digest)).value, key).outputs);
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
  }
  // a record that went since it was listed, and that nothing is stated of, made nothing
  return statements.length === 0 && (await store.objects.stat(keys[0])) === undefined ? [] : undefined;
}
