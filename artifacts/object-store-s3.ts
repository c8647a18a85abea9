/** Objects in an S3 bucket, with the usual AWS environment. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { ListObjectsV2CommandOutput, S3Client } from '@aws-sdk/client-s3';
import { fromSystemError, HabsburgError } from '../common/errors.js';
import { checkKey, checkPrefix, tooLarge } from './keys.js';
import { connect, namedEndpoint, type Connected, type S3Options, type Sdk } from './s3-client.js';
import { COPY_PART, copyObject } from './s3-copy.js';
import { codeOf, foreignAnswer, s3Error, statusOf } from './s3-errors.js';
import { bucketOf } from './store-url.js';
import type { ObjectSource, ObjectStat, ObjectStore } from './types.js';

export type { S3Options } from './s3-client.js';

/** Larger objects go up in parts of this size or more. */
const PART = 8 * 1024 * 1024;
/** A body of which no byte came for so long has stalled. */
const STALL_MS = 20_000;
/** Small objects whose bytes differ at every read are read so often. */
const READS = 6;

export class S3ObjectStore implements ObjectStore {
  readonly url: string;
  readonly #bucket: string;
  /** '' or ends in '/' */
  readonly #prefix: string;
  readonly #options: S3Options;
  readonly #stallMs: number;
  readonly #copyPart: number;
  #endpoint: string | undefined;
  #connected: Promise<Connected> | undefined;
  /** the server refused a write that is to happen only if nothing is there: it does not know that */
  #unconditional = false;
  /** the server's ETags are no MD5 of what it stores */
  #foreignTags = false;

  /** @param url `s3://bucket/prefix` */
  constructor(url: string, options: S3Options & { readonly stallMs?: number; readonly copyPart?: number } = {}) {
    const { bucket, prefix } = bucketOf(url);
    checkPrefix(prefix);
    this.#bucket = bucket;
    this.#prefix = prefix === '' ? '' : `${prefix}/`;
    this.#options = options;
    this.#stallMs = options.stallMs ?? STALL_MS;
    this.#copyPart = options.copyPart ?? COPY_PART;
    this.#endpoint = namedEndpoint(options);
    this.url = `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`;
  }

  #key(key: string): string {
    checkKey(key);
    return this.#prefix + key;
  }

  /** Runs one operation and turns its failure into a sentence. */
  async #do<T>(doing: string, operation: (sdk: Sdk, client: S3Client) => Promise<T>): Promise<T> {
    try {
      this.#connected ??= connect(this.#options);
      const { sdk, client, endpoint } = await this.#connected;
      this.#endpoint = endpoint;
      return await operation(sdk, client);
    } catch (error) {
      const known = this.#failure(error, doing);
      // the client has asked again and again; a server that starts anew, where nobody listens for a while, is given longer
      const isOver = known.kind === 'unreachable' && known !== error && known.details?.code !== 'ECONNREFUSED';
      throw isOver ? new HabsburgError(known.kind, known.message, { details: { ...known.details, askedEnough: true } }) : known;
    }
  }

  #failure(error: unknown, doing: string): HabsburgError {
    return s3Error(error, `${doing} ${this.url}`, { bucket: this.#bucket, endpoint: this.#endpoint });
  }

  /** Whatever has no ETag was not said by an S3 server: a log-in page, a proxy's own answer. */
  #checkTag(tag: string | undefined): string {
    return tag ?? this.#foreign('no ETag');
  }

  #foreign(what: string): never {
    throw new HabsburgError('unreachable', `${this.url}: ${foreignAnswer(this.#endpoint ?? 'AWS', what)}`);
  }

  async put(key: string, source: ObjectSource): Promise<void> {
    await this.#upload(key, source, {});
  }

  async putIfAbsent(key: string, source: ObjectSource): Promise<boolean> {
    // the condition is checked by the server after it has the bytes: look first, do not send them for nothing
    if (await this.stat(key)) return false;
    return this.#upload(key, source, { IfNoneMatch: '*' });
  }

  /** False where the condition was not met. */
  async #upload(key: string, source: ObjectSource, condition: { IfNoneMatch?: '*' }): Promise<boolean> {
    const target = { Bucket: this.#bucket, Key: this.#key(key) };
    let size: number;
    let small: Uint8Array | undefined;
    try {
      size = 'bytes' in source ? source.bytes.byteLength : (await stat(source.file)).size;
      // a buffer can be sent again when a request fails; a stream cannot
      if (size <= PART) small = 'bytes' in source ? source.bytes : await readFile(source.file);
    } catch (error) {
      throw fromSystemError(error, `uploading ${key} to ${this.url}`);
    }
    for (let attempt = 0; ; attempt++) {
      const conditional = condition.IfNoneMatch !== undefined && !this.#unconditional;
      const request = { ...target, ...(conditional ? condition : {}) };
      try {
        await this.#do(`writing ${key} to`, async (sdk, client) => {
          if (small) this.#checkTag((await client.send(new sdk.PutObjectCommand({ ...request, Body: small }))).ETag);
          else await this.#uploadParts(client, request, source, size);
        });
        return true;
      } catch (error) {
        const status = statusOf(error);
        if (conditional && status === 412) return false;
        if (conditional && status === 501) {
          // Nothing depends on the condition: we looked already, and equal content makes the race harmless.
          this.#unconditional = true;
          continue;
        }
        // the last answer of an upload was lost, though everything had arrived
        if (codeOf(error) === 'NoSuchUpload' && (await this.stat(key))?.size === size) return true;
        // 409: another conditional write of the same key is under way
        if (status !== 409 || attempt === 5) throw error;
        if (await this.stat(key)) return false;
        await new Promise((done) => setTimeout(done, 50 * 2 ** attempt));
      }
    }
  }

  async #uploadParts(
    client: S3Client,
    request: { Bucket: string; Key: string; IfNoneMatch?: '*' },
    source: ObjectSource,
    size: number,
  ): Promise<void> {
    const { Upload } = await import('@aws-sdk/lib-storage');
    const body = 'bytes' in source ? source.bytes : createReadStream(source.file, { highWaterMark: 1 << 20 });
    // S3 allows 10,000 parts
    const partSize = Math.max(PART, Math.ceil(size / 9000));
    await new Upload({ client, params: { ...request, Body: body }, partSize, queueSize: 3 }).done();
  }

  async get(key: string): Promise<NodeJS.ReadableStream> {
    const { body } = await this.#open(key);
    return Readable.from(body, { objectMode: false });
  }

  async read(key: string, limit: number): Promise<Buffer> {
    let before: Buffer | undefined;
    for (let reads = 0; reads < READS; reads++) {
      const { body, tag } = await this.#open(key);
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of body) {
        if ((size += chunk.byteLength) > limit) throw tooLarge(key, this.url, limit);
        chunks.push(chunk);
      }
      const bytes = Buffer.concat(chunks);
      const md5 = /^"?([0-9a-f]{32})"?$/.exec(tag)?.[1];
      if (md5 === undefined || this.#foreignTags || createHash('md5').update(bytes).digest('hex') === md5) return bytes;
      // The way changed them, or the tag is no MD5 (encryption by key): the same bytes twice are believed.
      if (before?.equals(bytes)) {
        this.#foreignTags = true;
        return bytes;
      }
      before = bytes;
    }
    throw new HabsburgError(
      'unreachable',
      `reading ${key} from ${this.url}: other bytes come at every read; look at the network or the proxy in between`,
    );
  }

  async #open(key: string): Promise<{ body: AsyncIterable<Uint8Array>; tag: string }> {
    const Key = this.#key(key);
    const doing = `reading ${key} from`;
    const { Body, ETag } = await this.#do(doing, async (sdk, client) => {
      try {
        return await client.send(new sdk.GetObjectCommand({ Bucket: this.#bucket, Key }));
      } catch (error) {
        if (!isMissing(error)) throw error;
        throw new HabsburgError('notFound', `${key} is not in the store ${this.url}`);
      }
    });
    const body = Body as Readable;
    try {
      return { tag: this.#checkTag(ETag), body: this.#watched(body, doing) };
    } catch (error) {
      body.destroy();
      throw error;
    }
  }

  /** A body whose errors are worded, and that ends with one when it stalls. */
  async *#watched(body: Readable, doing: string): AsyncGenerator<Uint8Array> {
    const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    try {
      for (;;) {
        let timer: NodeJS.Timeout | undefined;
        const stalled = new Promise<never>((_, reject) => {
          const error = Object.assign(new Error('the body stalled'), { code: 'ETIMEDOUT' });
          timer = setTimeout(() => reject(error), this.#stallMs);
        });
        const next = await Promise.race([chunks.next(), stalled]).finally(() => clearTimeout(timer));
        if (next.done) return;
        yield next.value;
      }
    } catch (error) {
      throw this.#failure(error, doing);
    } finally {
      body.destroy();
    }
  }

  async stat(key: string): Promise<ObjectStat | undefined> {
    const at = { Bucket: this.#bucket, Key: this.#key(key) };
    return this.#do(`looking up ${key} in`, async (sdk, client) => {
      try {
        const { ContentLength, ETag, LastModified } = await client.send(new sdk.HeadObjectCommand(at));
        this.#checkTag(ETag);
        return statOf(ContentLength, LastModified);
      } catch (error) {
        const status = statusOf(error);
        if (status === 404 && (error as Error).name !== 'NoSuchBucket') return undefined;
        if (status === undefined || status < 400 || status >= 500) throw error;
        // A refused HEAD has no body to say why: the same question with one.
        const found = await client.send(new sdk.GetObjectCommand(at)).catch((reason: unknown) => {
          if (isMissing(reason)) return undefined;
          throw reason;
        });
        (found?.Body as Readable | undefined)?.destroy();
        return found?.Body && statOf(found.ContentLength, found.LastModified);
      }
    });
  }

  /** The SDK reads any XML as a listing; one that does not name its bucket would pass for an empty one. */
  async #page(request: { Bucket: string; Prefix: string; ContinuationToken?: string }): Promise<ListObjectsV2CommandOutput> {
    for (let look = 1; ; look++) {
      const page = await this.#do(`listing ${request.Prefix.slice(this.#prefix.length)} in`, (sdk, client) =>
        client.send(new sdk.ListObjectsV2Command(request)),
      );
      if (page.Name !== undefined) return page;
      if (look === READS) this.#foreign('no listing');
    }
  }

  async *list(prefix: string): AsyncIterable<string> {
    checkPrefix(prefix);
    let token: string | undefined;
    do {
      const page = await this.#page({
        Bucket: this.#bucket,
        Prefix: this.#prefix + prefix,
        ContinuationToken: token,
      });
      for (const { Key } of page.Contents ?? []) if (Key && !Key.endsWith('/')) yield Key.slice(this.#prefix.length);
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token);
  }

  async delete(key: string): Promise<void> {
    const Key = this.#key(key);
    await this.#do(`deleting ${key} from`, async (sdk, client) => {
      await client.send(new sdk.DeleteObjectCommand({ Bucket: this.#bucket, Key }));
    });
  }

  async move(from: string, to: string): Promise<boolean> {
    const source = await this.stat(from);
    if (!source) return false;
    const copy = { bucket: this.#bucket, from: this.#key(from), to: this.#key(to), size: source.size, part: this.#copyPart };
    try {
      await this.#do(`moving ${from} to ${to} in`, (sdk, client) => copyObject(sdk, client, copy));
    } catch (error) {
      // taken away since it was looked up
      if (!(await this.stat(from))) return false;
      throw error;
    }
    await this.delete(from);
    return true;
  }
}

function statOf(size: number | undefined, modified: Date | undefined): ObjectStat {
  return { size: size ?? 0, modified: modified?.getTime() ?? NaN };
}

/** Whether a 404 is about the object, and not about the bucket or the user; a page of a proxy in between has no word for it. */
function isMissing(error: unknown): boolean {
  const name = codeOf(error) ?? '';
  return name === 'NoSuchKey' || (statusOf(error) === 404 && ['NotFound', 'Unknown', ''].includes(name));
}
