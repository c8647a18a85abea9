/** Content-addressed artifacts over any object store. Bytes are believed only after their hash was checked, at every read. */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Digest } from '../common/canonical.js';
import { fromSystemError, HabsburgError, isHabsburgError } from '../common/errors.js';
import { BlobCache } from './cache.js';
import { filesOf, intoFolder } from './folders.js';
import { blobKey, checkPrefix, nameKey } from './keys.js';
import { makeManifest, manifestBytes, parseManifest, refOf } from './manifest.js';
import type {
  ArtifactFile,
  ArtifactKind,
  ArtifactManifest,
  ArtifactRef,
  ArtifactStore,
  ObjectSource,
  ObjectStore,
} from './types.js';
import { download, measure, measureFile } from './verified.js';

/** A manifest larger than this is none. */
const MANIFEST_LIMIT = 16 * 1024 * 1024;

export class ContentStore implements ArtifactStore {
  readonly #cache: BlobCache | undefined;
  /** blobs found damaged: publishing the same content again replaces them, though something of the right size is there */
  readonly #damaged = new Set<Digest>();

  constructor(
    readonly objects: ObjectStore,
    options: { readonly cacheDir?: string } = {},
  ) {
    this.#cache = options.cacheDir === undefined ? undefined : new BlobCache(options.cacheDir);
  }

  async publish(kind: ArtifactKind, folder: string, facts: ArtifactManifest['facts'] = {}): Promise<ArtifactRef> {
    const files: ArtifactFile[] = [];
    for (const path of await filesOf(folder)) {
      const source = join(folder, path);
      const file = { path, ...(await measureFile(source)) };
      await this.#putBlob(file.digest, file.size, { file: source });
      await this.#cache?.keep(file.digest, source);
      files.push(file);
    }
    const manifest = makeManifest(kind, files, facts);
    const bytes = manifestBytes(manifest);
    const ref = refOf(manifest);
    // last: whoever sees a manifest finds its files
    await this.#putBlob(ref.digest, bytes.byteLength, { bytes });
    return ref;
  }

  /** Sends a blob unless one of its size is there and not known to be damaged. */
  async #putBlob(digest: Digest, size: number, source: ObjectSource): Promise<void> {
    const key = blobKey(digest);
    const there = await this.objects.stat(key);
    if (there?.size === size && !this.#damaged.has(digest)) return;
    if (there) await this.objects.put(key, source);
    else await this.objects.putIfAbsent(key, source);
    this.#damaged.delete(digest);
  }

  /** The verdict on a blob whose bytes are not what its name says. */
  #mismatch(digest: Digest, what: string): HabsburgError {
    this.#damaged.add(digest);
    const key = blobKey(digest);
    return new HabsburgError(
      'verification',
      `${what} is damaged in ${this.objects.url}: the bytes of ${key} do not have that hash; delete that object and run again, the step that made it is then done anew`,
      { details: { digest, key } },
    );
  }

  async #readBlob(digest: Digest, what: string, limit: number): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    const from = `reading ${what} from ${this.objects.url}`;
    const stream = await this.objects.get(blobKey(digest)).catch((error: unknown) => {
      throw missing(error, what, this.objects.url);
    });
    const found = await measure(stream as AsyncIterable<Uint8Array>, (chunk) => chunks.push(chunk), limit).catch(
      (error: unknown) => {
        throw fromSystemError(error, from);
      },
    );
    if (found.digest !== digest) throw this.#mismatch(digest, what);
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
    const stream = await this.objects.get(blobKey(file.digest)).catch((error: unknown) => {
      throw missing(error, what, this.objects.url);
    });
    const found = await download(
      stream as AsyncIterable<Uint8Array>,
      target,
      `reading ${what} from ${this.objects.url}`,
      file.size,
    );
    if (found.digest !== file.digest || found.size !== file.size) throw this.#mismatch(file.digest, what);
  }

  async verify(digest: Digest, options: { deep?: boolean; deepBelow?: number } = {}): Promise<{ ok: boolean; problem?: string }> {
    const deepBelow = options.deepBelow ?? ((options.deep ?? true) ? Infinity : 0);
    try {
      const manifest = await this.manifest(digest);
      for (const file of manifest.files) {
        const what = `${file.path} of ${manifest.kind} ${digest}`;
        const there = await this.objects.stat(blobKey(file.digest));
        if (!there) return { ok: false, problem: `${what} is missing in ${this.objects.url}` };
        if (there.size !== file.size)
          return { ok: false, problem: `${what} has ${there.size} bytes in ${this.objects.url} in place of ${file.size}` };
        if (file.size >= deepBelow) continue;
        const found = await measure((await this.objects.get(blobKey(file.digest))) as AsyncIterable<Uint8Array>);
        if (found.digest !== file.digest) return { ok: false, problem: this.#mismatch(file.digest, what).message };
      }
      return { ok: true };
    } catch (error) {
      const known = fromSystemError(error, `reading artifact ${digest}`);
      if (known.kind === 'notFound' || known.kind === 'verification') return { ok: false, problem: known.message };
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

  async readName<T>(name: string): Promise<T | undefined> {
    const key = nameKey(name);
    try {
      const chunks: Uint8Array[] = [];
      await measure((await this.objects.get(key)) as AsyncIterable<Uint8Array>, (chunk) => chunks.push(chunk));
      return JSON.parse(Buffer.concat(chunks).toString('utf8')) as T;
    } catch (error) {
      if (isHabsburgError(error) && error.kind === 'notFound') return undefined;
      if (error instanceof SyntaxError)
        throw new HabsburgError('verification', `${key} in ${this.objects.url} is not JSON; delete it and run again`);
      throw fromSystemError(error, `reading ${key} from ${this.objects.url}`);
    }
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

function missing(error: unknown, what: string, url: string): HabsburgError {
  const known = fromSystemError(error, `reading ${what} from ${url}`);
  if (known.kind !== 'notFound') return known;
  return new HabsburgError(
    'notFound',
    `${what} is not in ${url}; check the store's url, or run again so that the step that makes it is done anew`,
    { cause: error },
  );
}
