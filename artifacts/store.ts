/** Content-addressed artifacts over any object store. Bytes are believed only after their hash was checked, at every read. */
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ZodType } from 'zod';
import { sha256, type Digest } from '../common/canonical.js';
import { fromSystemError, HabsburgError, isHabsburgError } from '../common/errors.js';
import { fileState } from '../common/file-state.js';
import { again } from './again.js';
import { BlobCache } from './cache.js';
import { isDamage } from './damage.js';
import { filesOf, intoFolder } from './folders.js';
import { blobKey, checkPrefix, nameKey } from './keys.js';
import { makeManifest, manifestBytes, parseManifest, refOf } from './manifest.js';
import { getKept, statKept } from './trash.js';
import type {
  ArtifactFile,
  ArtifactKind,
  ArtifactManifest,
  ArtifactRef,
  ArtifactStore,
  ObjectSource,
  ObjectStore,
  SourceFile,
  Verified,
} from './types.js';
import { HASH_BELOW, download, measure, measureFile, type Measured } from './verified.js';

/** A manifest larger than this is none. */
const MANIFEST_LIMIT = 16 * 1024 * 1024;
/** A document larger than this is none. */
const NAME_LIMIT = 256 * 1024 * 1024;

export class ContentStore implements ArtifactStore {
  readonly #cache: BlobCache | undefined;

  constructor(
    readonly objects: ObjectStore,
    options: { readonly cacheDir?: string } = {},
  ) {
    this.#cache = options.cacheDir === undefined ? undefined : new BlobCache(options.cacheDir);
  }

  async publish(
    kind: ArtifactKind,
    folder: string,
    facts: ArtifactManifest['facts'] = {},
    options: { readonly hashBelow?: number } = {},
  ): Promise<ArtifactRef> {
    const hashBelow = options.hashBelow ?? HASH_BELOW;
    const files: ArtifactFile[] = [];
    for (const path of await filesOf(folder)) {
      const source = join(folder, path);
      const file = { path, ...(await measureFile(source)) };
      await this.#putBlob(file, { file: source }, hashBelow);
      await this.#cache?.keep(file.digest, source);
      files.push(file);
    }
    return this.#putManifest(makeManifest(kind, files, facts));
  }

  async publishFiles(
    kind: ArtifactKind,
    files: readonly SourceFile[],
    options: { readonly hashBelow?: number } = {},
  ): Promise<ArtifactRef> {
    for (const { source, ...file } of files)
      if (source) await this.#putBlob(file, source, options.hashBelow ?? HASH_BELOW, () => assertHolds(source, file));
    return this.#putManifest(
      makeManifest(
        kind,
        files.map(({ path, digest, size }) => ({ path, digest, size })),
        {},
      ),
    );
  }

  async keepBytes(bytes: Uint8Array): Promise<Digest> {
    const digest = sha256(bytes);
    await this.#putBlob({ digest, size: bytes.byteLength }, { bytes }, Infinity);
    return digest;
  }

  /** Last: whoever sees a manifest finds its files. */
  async #putManifest(manifest: ArtifactManifest): Promise<ArtifactRef> {
    await this.keepBytes(manifestBytes(manifest));
    return refOf(manifest);
  }

  /** Sends a blob unless it is there. What is there is not believed because of its name: it may have been damaged since. */
  async #putBlob(
    { digest, size }: Measured,
    source: ObjectSource,
    hashBelow: number,
    /** looks at a source that others may write to; before it is sent, and again afterwards */
    look?: () => Promise<void>,
  ): Promise<void> {
    const key = blobKey(digest);
    const there = await this.objects.stat(key);
    if (there && there.size === size && (size >= hashBelow || (await this.#holds(digest)))) return;
    const state = async () => ('file' in source && look ? fileState(source.file) : '');
    const before = await state();
    await look?.();
    if (there) await this.objects.put(key, source);
    else await this.objects.putIfAbsent(key, source);
    if ((await state()) === before) return;
    await this.objects.delete(key);
    throw changed(source);
  }

  async #holds(digest: Digest): Promise<boolean> {
    try {
      await this.#checkBlob(digest, digest);
      return true;
    } catch (error) {
      if (isDamage(error)) return false;
      throw error;
    }
  }

  /** Reads a blob to its end; HabsburgError 'verification' where its bytes are others, 'notFound' where it is gone. */
  async #checkBlob(digest: Digest, what: string): Promise<void> {
    await this.#blob(digest, what, (stream) => measure(stream));
  }

  /**
   * Reads a blob by `consume`, and again if it came wrong.
   * @param what words it for an error
   */
  async #blob(
    digest: Digest,
    what: string,
    consume: (stream: AsyncIterable<Uint8Array>) => Promise<Measured>,
    size?: number,
  ): Promise<void> {
    const { url } = this.objects;
    const from = `reading ${what} from ${url}`;
    await again(from, async () => {
      const key = blobKey(digest);
      const stream = await getKept(this.objects, key).catch((error: unknown) => {
        throw missing(error, what, url, digest);
      });
      const found = await consume(stream as AsyncIterable<Uint8Array>);
      if (found.digest === digest && (size === undefined || found.size === size)) return;
      throw new HabsburgError(
        'verification',
        `${what} is damaged in ${url}: the bytes of ${key} do not have that hash, however often they are read; the step that made it is done anew by the next run that needs it`,
        { details: { digest, key } },
      );
    });
  }

  async #readBlob(digest: Digest, what: string, limit: number): Promise<Buffer> {
    let chunks: Uint8Array[] = [];
    await this.#blob(digest, what, (stream) => {
      chunks = [];
      return measure(stream, (chunk) => chunks.push(chunk), limit);
    });
    return Buffer.concat(chunks);
  }

  async manifest(digest: Digest): Promise<ArtifactManifest> {
    return parseManifest(await this.#readBlob(digest, `artifact ${digest}`, MANIFEST_LIMIT), digest);
  }

  async materialise(digest: Digest, folder: string): Promise<ArtifactManifest> {
    const manifest = await this.manifest(digest);
    await intoFolder(folder, async (temporary) => {
      for (const file of manifest.files) {
        const target = join(temporary, file.path);
        await mkdir(dirname(target), { recursive: true });
        if (await this.#cache?.take(file.digest, target)) continue;
        await this.#download(file, `${file.path} of ${manifest.kind} ${digest}`, target);
        await this.#cache?.keep(file.digest, target);
      }
    });
    return manifest;
  }

  async #download(file: ArtifactFile, what: string, target: string): Promise<void> {
    const from = `reading ${what} from ${this.objects.url}`;
    await this.#blob(
      file.digest,
      what,
      async (stream) => {
        await rm(target, { force: true }); // of an earlier look
        return download(stream, target, from, file.size);
      },
      file.size,
    );
  }

  async #checkSize(file: ArtifactFile, what: string): Promise<void> {
    const { url } = this.objects;
    const there = await statKept(this.objects, blobKey(file.digest));
    if (!there) throw new HabsburgError('notFound', `${what} is missing in ${url}`);
    if (there.size !== file.size)
      throw new HabsburgError('verification', `${what} has ${there.size} bytes in ${url} in place of ${file.size}`);
  }

  async verify(digest: Digest, options: { deep?: boolean; deepBelow?: number } = {}): Promise<Verified> {
    const deepBelow = options.deepBelow ?? ((options.deep ?? true) ? Infinity : 0);
    try {
      const manifest = await this.manifest(digest);
      for (const file of manifest.files) {
        const what = `${file.path} of ${manifest.kind} ${digest}`;
        await again(`looking up ${what}`, () => this.#checkSize(file, what));
        if (file.size >= deepBelow) continue;
        await this.#checkBlob(file.digest, what);
      }
      return { ok: true, manifest };
    } catch (error) {
      const known = fromSystemError(error, `reading artifact ${digest}`);
      if (isDamage(known)) return { ok: false, problem: known.message };
      throw known;
    }
  }

  async readFile(digest: Digest, path: string): Promise<Buffer> {
    const manifest = await this.manifest(digest);
    const file = manifest.files.find((f) => f.path === path);
    if (!file)
      throw new HabsburgError(
        'notFound',
        `${manifest.kind} ${digest} has no file ${path}; it has ${manifest.files.map((f) => f.path).join(', ')}`,
      );
    return this.#readBlob(file.digest, `${path} of ${manifest.kind} ${digest}`, file.size);
  }

  async readName<T>(name: string, schema?: ZodType<T>): Promise<T | undefined> {
    const key = nameKey(name);
    const { url } = this.objects;
    const wrong = (what: string) =>
      new HabsburgError('verification', `${key} in ${url} ${what}; the next run of its experiment writes it anew`);
    return again(`reading ${key} from ${url}`, async () => {
      let value: unknown;
      try {
        value = JSON.parse((await this.objects.read(key, NAME_LIMIT)).toString('utf8'));
      } catch (error) {
        if (isHabsburgError(error) && error.kind === 'notFound') return undefined;
        if (error instanceof SyntaxError) throw wrong('is not JSON');
        throw error;
      }
      if (!schema) return value as T;
      const parsed = schema.safeParse(value);
      if (parsed.success) return parsed.data;
      const [{ path, message }] = parsed.error.issues;
      throw wrong(`is damaged: ${path.length > 0 ? `${path.join('.')}: ` : ''}${message}`);
    });
  }

  async writeName(name: string, value: unknown, options: { ifAbsent?: boolean } = {}): Promise<boolean> {
    const bytes = Buffer.from(`${JSON.stringify(value, null, 2)}\n`, 'utf8');
    if (options.ifAbsent) return this.objects.putIfAbsent(nameKey(name), { bytes });
    await this.objects.put(nameKey(name), { bytes });
    return true;
  }

  async *listNames(prefix: string): AsyncIterable<string> {
    checkPrefix(prefix);
    for await (const key of this.objects.list(`names/${prefix}`)) {
      if (key.endsWith('.json')) yield key.slice('names/'.length, -'.json'.length);
    }
  }

  async deleteName(name: string): Promise<void> {
    await this.objects.delete(nameKey(name));
  }
}

async function assertHolds(source: ObjectSource, { digest }: Measured): Promise<void> {
  const found = 'file' in source ? (await measureFile(source.file)).digest : sha256(source.bytes);
  if (found !== digest) throw changed(source);
}

function changed(source: ObjectSource): HabsburgError {
  const what = 'file' in source ? source.file : 'what is to be kept';
  return new HabsburgError('invalid', `${what} was written to while it was read; run again when it is whole`);
}

function missing(error: unknown, what: string, url: string, digest: Digest): HabsburgError {
  const known = fromSystemError(error, `reading ${what} from ${url}`);
  if (known.kind !== 'notFound') return known;
  return new HabsburgError(
    'notFound',
    `${what} is not in ${url}; check the store's url, or run again so that the step that makes it is done anew`,
    { cause: error, details: { digest } },
  );
}
