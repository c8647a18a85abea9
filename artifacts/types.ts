/** The words of the artifact room: objects under keys below, content-addressed artifacts above. Knows no ML. */
import type { ZodType } from 'zod';
import type { Digest } from '../common/canonical.js';

/**
 * A flat key-value store of byte objects: a folder (`file://`) or a bucket (`s3://`).
 * Keys are '/'-separated, [A-Za-z0-9._=@+-] segments. One contract suite runs against every implementation.
 */
export interface ObjectStore {
  /** as the user gave it, without credentials */
  readonly url: string;
  /** Streams a file's or buffer's bytes to `key`; atomic: readers see the whole object or none. */
  put(key: string, source: ObjectSource): Promise<void>;
  /** Like put, but leaves an existing object alone; says whether it wrote. A guard for content-addressed keys, not a lock. */
  putIfAbsent(key: string, source: ObjectSource): Promise<boolean>;
  /** A stream of the object's bytes; HabsburgError 'notFound' where there is none. */
  get(key: string): Promise<NodeJS.ReadableStream>;
  /**
   * The bytes of a small object, looked at twice where the way there may have changed them. HabsburgError 'notFound', or
   * 'verification' where there are more than `limit`.
   */
  read(key: string, limit: number): Promise<Buffer>;
  /** Undefined where there is no such object. */
  stat(key: string): Promise<ObjectStat | undefined>;
  /** Keys that start with `prefix`, in code-unit order. */
  list(prefix: string): AsyncIterable<string>;
  /** Deletes; no error where there is nothing. */
  delete(key: string): Promise<void>;
  /** Gives an object another key, in the place of what is there; false where there is none. In a bucket it has both for a moment. */
  move(from: string, to: string): Promise<boolean>;
}

export interface ObjectStat {
  /** in bytes */
  readonly size: number;
  /** when it was put, in ms since 1970 by the store's own clock, which need not be ours; NaN where it does not say */
  readonly modified: number;
}

export type ObjectSource = { readonly file: string } | { readonly bytes: Uint8Array };

/** A file of an artifact, and where its bytes are to be had. */
export type SourceFile = ArtifactFile & { readonly source?: ObjectSource };

export type ArtifactKind = string;

/** One file of an artifact. `path` is relative, '/'-separated, without '..'. */
export interface ArtifactFile {
  readonly path: string;
  readonly digest: Digest;
  readonly size: number;
}

/**
 * An artifact is a small folder: files by digest, plus facts about it. Its name is the SHA-256 of this manifest's canonical
 * JSON, so equal content has one name, and models share an unchanged tokenizer.json. Holds nothing that differs between two
 * honest computations of the same step: no time, host, path, experiment or attempt.
 */
export interface ArtifactManifest {
  readonly schema: 'habsburg.artifact/v1';
  readonly kind: ArtifactKind;
  /** sorted by path */
  readonly files: readonly ArtifactFile[];
  /** facts a reader needs without opening a file: record count, block size, tokenizer digest … */
  readonly facts: Readonly<Record<string, string | number | boolean>>;
}

/** What travels through workflows in place of data. */
export interface ArtifactRef {
  readonly kind: ArtifactKind;
  readonly digest: Digest;
  /** total bytes of the files */
  readonly size: number;
}

/** What a check of an artifact found: its manifest, or what is wrong. */
export type Verified =
  | { readonly ok: true; readonly manifest: ArtifactManifest; readonly problem?: undefined }
  | { readonly ok: false; readonly problem: string; readonly manifest?: undefined };

/** Content-addressed artifacts and small named documents over an ObjectStore. Layout: docs/artifacts.md. */
export interface ArtifactStore {
  readonly objects: ObjectStore;
  /**
   * Publishes a folder's files (hashing while streaming) and its manifest. A file that is there already is not sent again: one
   * below `hashBelow` bytes (default 16 MiB) once its hash was found right, a larger one once its size was.
   */
  publish(
    kind: ArtifactKind,
    folder: string,
    facts?: ArtifactManifest['facts'],
    options?: { readonly hashBelow?: number },
  ): Promise<ArtifactRef>;
  /**
   * Publishes files that lie anywhere and whose digests are known, as an artifact without facts. One without `source` is named and not kept.
   * HabsburgError 'invalid' where a file that has to be sent holds something else than it is said to.
   */
  publishFiles(kind: ArtifactKind, files: readonly SourceFile[], options?: { readonly hashBelow?: number }): Promise<ArtifactRef>;
  /** Keeps bytes under their digest. */
  keepBytes(bytes: Uint8Array): Promise<Digest>;
  /** The manifest, verified against its digest. HabsburgError 'notFound' or 'verification'. */
  manifest(digest: Digest): Promise<ArtifactManifest>;
  /** Downloads an artifact into `folder` (created), verifying each file while streaming; nothing half-written stays. */
  materialise(digest: Digest, folder: string): Promise<ArtifactManifest>;
  /**
   * Whether the manifest and every file are there with the right digest. `deep: false` checks the files' existence and sizes
   * only, `deepBelow: n` hashes those of fewer than n bytes. The manifest is always hashed.
   */
  verify(digest: Digest, options?: { deep?: boolean; deepBelow?: number }): Promise<Verified>;
  /** One file's bytes, verified. For small files. */
  readFile(digest: Digest, path: string): Promise<Buffer>;
  /**
   * A small named JSON document (step records, run indexes), of the shape that `schema` says; names are keys under `names/`.
   * HabsburgError 'verification' where it is no JSON or has another shape, also when read again.
   */
  readName<T>(name: string, schema?: ZodType<T>): Promise<T | undefined>;
  writeName(name: string, value: unknown, options?: { ifAbsent?: boolean }): Promise<boolean>;
  listNames(prefix: string): AsyncIterable<string>;
  deleteName(name: string): Promise<void>;
}

/** The code that runs: what it hashes to, and where it is from (common/code.ts). */
export interface CodeIdentity {
  /** of the release, 0.1.0 */
  readonly version: string;
  /** of the built files that run and of the list of packages */
  readonly digest: Digest;
  /** of the checkout, 40 hex digits or more; absent where there is none */
  readonly commit?: string;
  /** whether the checkout differs from its commit */
  readonly modified?: boolean;
}
