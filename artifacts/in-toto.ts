/**
 * The form of all statements: in-toto Statement v1 (https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md), its bytes
 * canonical JSON, so that a statement has one form, one digest, and is what a DSSE envelope will carry. What each says: docs/lineage.md.
 */
import { canonicalJson, isDigest, type Digest } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import { hexOf } from './keys.js';
import type { ArtifactFile, ArtifactKind, ArtifactRef, CodeIdentity } from './types.js';

export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';

/**
 * Types of statements, steps and builders are addresses under this one. A name that is reserved for nobody, until the project's
 * documentation has an address of its own: then, and before anything is signed, this line changes.
 */
export const TYPES = 'https://habsburg.example/lineage/v1';

/** The kind of artifact that is read from outside. */
export const SOURCE_KIND = 'source';

/** in-toto ResourceDescriptor, the fields used here. Digests are bare hex, as its readers want them. */
export interface ResourceDescriptor {
  readonly name: string;
  readonly uri?: string;
  readonly digest: { readonly sha256: string };
  readonly annotations?: Readonly<Record<string, unknown>>;
}

export interface InTotoStatement<Predicate> {
  readonly _type: typeof STATEMENT_TYPE;
  readonly subject: readonly ResourceDescriptor[];
  readonly predicateType: string;
  readonly predicate: Predicate;
}

/** An artifact with the list of its files: each is a subject, so that whoever holds a file alone finds what it came from. */
export interface StatedArtifact extends ArtifactRef {
  readonly files: readonly ArtifactFile[];
}

/** Canonical JSON: the bytes to hash, and to sign. */
export function statementBytes(statement: InTotoStatement<unknown>): Buffer {
  return Buffer.from(canonicalJson(statement), 'utf8');
}

export const byName = <T>(record: Readonly<Record<string, T>>): [string, T][] =>
  Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));

/** An artifact by the digest of its manifest. */
export function described(name: string, ref: ArtifactRef, uri?: string): ResourceDescriptor {
  return {
    name,
    ...(uri === undefined ? {} : { uri }),
    digest: { sha256: hexOf(ref.digest) },
    annotations: { kind: ref.kind, size: ref.size },
  };
}

/** Of each artifact its manifest, `model`, and then its files, `model/config.json`. */
export function subjectsOf(artifacts: Readonly<Record<string, StatedArtifact>>): ResourceDescriptor[] {
  return byName(artifacts).flatMap(([name, artifact]) => [
    described(name, artifact),
    ...artifact.files.map(({ path, digest, size }) => ({
      name: `${name}/${path}`,
      digest: { sha256: hexOf(digest) },
      annotations: { fileOf: name, size },
    })),
  ]);
}

export function describedCode({ digest, version, commit, modified }: CodeIdentity): ResourceDescriptor {
  return {
    name: 'habsburg',
    digest: { sha256: hexOf(digest) },
    annotations: { kind: 'code', version, ...(commit === undefined ? {} : { commit, modified: modified ?? false }) },
  };
}

export type Json = Readonly<Record<string, unknown>>;

/** Takes fields out of untrusted JSON; a field that is not what it should be is named. */
export class Reader {
  constructor(readonly where: string) {}

  wrong(what: string): HabsburgError {
    return new HabsburgError('verification', `${this.where}: ${what}; it is no statement of Habsburg`);
  }
  object(value: unknown, name: string): Json {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.wrong(`${name} is no object`);
    return value as Json;
  }
  list(value: unknown, name: string): readonly unknown[] {
    if (!Array.isArray(value)) throw this.wrong(`${name} is no list`);
    return value as readonly unknown[];
  }
  text(value: unknown, name: string): string {
    if (typeof value !== 'string') throw this.wrong(`${name} is no string`);
    return value;
  }
  optionalText(value: unknown, name: string): string | undefined {
    return value === undefined ? undefined : this.text(value, name);
  }
  integer(value: unknown, name: string): number {
    if (!Number.isSafeInteger(value)) throw this.wrong(`${name} is no integer`);
    return value as number;
  }
  /** An integer in decimal digits: readers of protobuf know doubles alone, which do not hold every seed. */
  digits(value: unknown, name: string): number {
    const text = this.text(value, name);
    if (!/^(0|-?[1-9]\d*)$/.test(text) || !Number.isSafeInteger(Number(text)))
      throw this.wrong(`${name} is no integer in digits`);
    return Number(text);
  }
  time(value: unknown, name: string): string {
    const text = this.text(value, name);
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text) || Number.isNaN(Date.parse(text)))
      throw this.wrong(`${name} is no UTC time (RFC 3339)`);
    return text;
  }
  equal(value: unknown, expected: string, name: string): void {
    if (value !== expected) throw this.wrong(`${name} is ${JSON.stringify(value)}, not ${expected}`);
  }
  digest(value: unknown, name: string): Digest {
    const digest = `sha256:${String(this.object(value, `${name}: digest`).sha256)}`;
    if (!isDigest(digest)) throw this.wrong(`${name} holds an entry without a SHA-256`);
    return digest;
  }

  /** The artifacts of a list of resource descriptors by name, with their files where these are subjects, too. */
  artifacts(values: readonly unknown[], name: string): Record<string, StatedArtifact & { readonly uri?: string }> {
    const found: Record<string, { kind: ArtifactKind; digest: Digest; size: number; uri?: string; files: ArtifactFile[] }> = {};
    for (const value of values) {
      const item = this.object(value, `an entry of ${name}`);
      const entry = this.text(item.name, `${name}: name`);
      const digest = this.digest(item.digest, name);
      const { kind, size: bytes, fileOf } = this.object(item.annotations, `${name}: annotations`);
      const size = this.integer(bytes, `${name}: size`);
      if (fileOf !== undefined) {
        const of = this.text(fileOf, `${name}: fileOf`);
        if (!Object.hasOwn(found, of) || !entry.startsWith(`${of}/`)) throw this.wrong(`${name}: ${entry} is of no artifact`);
        found[of].files.push({ path: entry.slice(of.length + 1), digest, size });
        continue;
      }
      if (Object.hasOwn(found, entry)) throw this.wrong(`${name} names ${entry} twice`);
      const uri = this.optionalText(item.uri, `${name}: uri`);
      found[entry] = {
        kind: this.text(kind, `${name}: kind`),
        digest,
        size,
        ...(uri === undefined ? {} : { uri }),
        files: [],
      };
    }
    return found;
  }

  code(value: unknown): CodeIdentity {
    const item = this.object(value, 'the code');
    const { version, commit, modified } = this.object(item.annotations, 'the code: annotations');
    const known = this.optionalText(commit, 'the code: commit');
    return {
      version: this.text(version, 'the code: version'),
      digest: this.digest(item.digest, 'the code'),
      ...(known === undefined ? {} : { commit: known, modified: modified === true }),
    };
  }
}
