/** Objects in an S3 bucket, with the usual AWS environment; the SDK is loaded at the first request, since most commands never need it. */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import { fromSystemError, HabsburgError } from '../common/errors.js';
import { checkKey, checkPrefix } from './keys.js';
import { s3Error, statusOf } from './s3-errors.js';
import type { ObjectSource, ObjectStore } from './types.js';

/** Larger objects go up in parts of this size or more. */
const PART = 8 * 1024 * 1024;

export interface S3Options {
  /** default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or AWS itself; a given endpoint is addressed path-style */
  readonly endpoint?: string;
  /** default: AWS_REGION, AWS_DEFAULT_REGION, the profile's; us-east-1 where only an endpoint is known */
  readonly region?: string;
  /** default: the SDK's chain (environment, profile, instance role …) */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string };
}

type Sdk = typeof import('@aws-sdk/client-s3');

export class S3ObjectStore implements ObjectStore {
  readonly url: string;
  readonly #bucket: string;
  /** '' or ends in '/' */
  readonly #prefix: string;
  readonly #options: S3Options;
  readonly #endpoint: string | undefined;
  #connected: Promise<{ sdk: Sdk; client: S3Client }> | undefined;

  /** @param url `s3://bucket/prefix` */
  constructor(url: string, options: S3Options = {}) {
    const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(url);
    if (!match) {
      // the url is not repeated: it may hold what somebody took for a place for credentials
      throw new HabsburgError(
        'invalid',
        'an S3 store is written s3://bucket/prefix; credentials belong in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or a profile, never in the url',
      );
    }
    const prefix = (match[2] ?? '').replace(/\/+$/, '');
    checkPrefix(prefix);
    this.#bucket = match[1];
    this.#prefix = prefix === '' ? '' : `${prefix}/`;
    this.#options = options;
    this.#endpoint = options.endpoint ?? process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
    this.url = `s3://${this.#bucket}${prefix === '' ? '' : `/${prefix}`}`;
  }

  #connect(): Promise<{ sdk: Sdk; client: S3Client }> {
    // the SDK warns about Node 20 on stderr; its user cannot act on that, we pin the version
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
    this.#connected ??= import('@aws-sdk/client-s3').then((sdk) => {
      const region = this.#options.region ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
      const client = new sdk.S3Client({
        ...(this.#endpoint ? { endpoint: this.#endpoint, forcePathStyle: true } : {}),
        ...(region ? { region } : this.#endpoint && !process.env.AWS_PROFILE ? { region: 'us-east-1' } : {}),
        ...(this.#options.credentials ? { credentials: { ...this.#options.credentials } } : {}),
        // several S3 servers refuse the SDK's default CRC32 headers; every artifact carries its SHA-256 anyway
        requestChecksumCalculation: 'WHEN_REQUIRED',
        responseChecksumValidation: 'WHEN_REQUIRED',
        maxAttempts: 4,
        requestHandler: { connectionTimeout: 4_000, socketTimeout: 60_000 },
      });
      return { sdk, client };
    });
    return this.#connected;
  }

  #key(key: string): string {
    checkKey(key);
    return this.#prefix + key;
  }

  /** Runs one operation and turns its failure into a sentence. */
  async #do<T>(doing: string, operation: (sdk: Sdk, client: S3Client) => Promise<T>): Promise<T> {
    try {
      const { sdk, client } = await this.#connect();
      return await operation(sdk, client);
    } catch (error) {
      throw s3Error(error, `${doing} ${this.url}`, { bucket: this.#bucket, endpoint: this.#endpoint });
    }
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
    const target = { Bucket: this.#bucket, Key: this.#key(key), ...condition };
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
      try {
        await this.#do(`writing ${key} to`, async (sdk, client) => {
          if (small) {
            await client.send(new sdk.PutObjectCommand({ ...target, Body: small }));
          } else {
            const { Upload } = await import('@aws-sdk/lib-storage');
            const body = 'bytes' in source ? source.bytes : createReadStream(source.file, { highWaterMark: 1 << 20 });
            // S3 allows 10,000 parts
            const partSize = Math.max(PART, Math.ceil(size / 9000));
            await new Upload({ client, params: { ...target, Body: body }, partSize, queueSize: 3 }).done();
          }
        });
        return true;
      } catch (error) {
        const status = statusOf(error);
        if (condition.IfNoneMatch && status === 412) return false;
        // 409: another conditional write of the same key is under way
        if (status !== 409 || attempt === 5) throw error;
        if (await this.stat(key)) return false;
        await new Promise((done) => setTimeout(done, 50 * 2 ** attempt));
      }
    }
  }

  async get(key: string): Promise<NodeJS.ReadableStream> {
    const Key = this.#key(key);
    return this.#do(`reading ${key} from`, async (sdk, client) => {
      try {
        const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket: this.#bucket, Key }));
        return Body as NodeJS.ReadableStream;
      } catch (error) {
        if ((error as Error).name !== 'NoSuchKey') throw error;
        throw new HabsburgError('notFound', `${key} is not in the store ${this.url}`);
      }
    });
  }

  async stat(key: string): Promise<{ size: number } | undefined> {
    const Key = this.#key(key);
    return this.#do(`looking up ${key} in`, async (sdk, client) => {
      try {
        return { size: (await client.send(new sdk.HeadObjectCommand({ Bucket: this.#bucket, Key }))).ContentLength ?? 0 };
      } catch (error) {
        if (statusOf(error) === 404 && (error as Error).name !== 'NoSuchBucket') return undefined;
        throw error;
      }
    });
  }

  async *list(prefix: string): AsyncIterable<string> {
    checkPrefix(prefix);
    let token: string | undefined;
    do {
      const page = await this.#do(`listing ${prefix} in`, (sdk, client) =>
        client.send(
          new sdk.ListObjectsV2Command({ Bucket: this.#bucket, Prefix: this.#prefix + prefix, ContinuationToken: token }),
        ),
      );
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
}
