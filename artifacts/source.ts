/**
 * Sources: what an experiment reads from outside, as artifacts of their own down to the bytes, and what is claimed of them. The claim is a
 * statement without time or place, so that who says the same again says it once. Field map in docs/lineage.md.
 */
import type { Signer } from '../signing/envelope.js';
import { Reader, SOURCE_KIND, STATEMENT_TYPE, TYPES, subjectsOf, type InTotoStatement, type StatedArtifact } from './in-toto.js';
import { hexOf } from './keys.js';
import { addStatement } from './statements.js';
import type { ArtifactRef, ArtifactStore, SourceFile } from './types.js';

const PREDICATE_TYPE = `${TYPES}/source`;

/** Of sources up to this size, all files together, the bytes are kept where nobody says otherwise. */
export const KEPT_BELOW = 2 ** 30;

const ORIGINS = ['human', 'synthetic'] as const;
export type SourceOriginClaim = (typeof ORIGINS)[number];

/** What is said of a source. */
export interface SourceFacts {
  readonly name: string;
  /** where others find it */
  readonly uri?: string;
  /** as whoever ran the experiment states it */
  readonly licence?: string;
  /** who wrote it, as whoever ran the experiment states it; absent: nobody says */
  readonly origin?: SourceOriginClaim;
  /** whether its bytes are in the store, or their digests alone */
  readonly kept: boolean;
}

export type SourceStatement = InTotoStatement<SourceFacts>;

/** What statements about a source are filed under. */
export const sourceAbout = (artifact: ArtifactRef): string => `sources/${hexOf(artifact.digest)}`;

export function sourceStatement(artifact: StatedArtifact, { name, uri, licence, origin, kept }: SourceFacts): SourceStatement {
  return {
    _type: STATEMENT_TYPE,
    subject: subjectsOf({ source: artifact }),
    predicateType: PREDICATE_TYPE,
    predicate: {
      name,
      ...(uri === undefined ? {} : { uri }),
      ...(licence === undefined ? {} : { licence }),
      ...(origin === undefined ? {} : { origin }),
      kept,
    },
  };
}

/** @throws 'verification' where parsed JSON from anywhere is no statement about a source */
export function parseSource(value: unknown, where: string): SourceFacts & { readonly artifact: StatedArtifact } {
  const at = new Reader(where);
  const root = at.object(value, 'the document');
  at.equal(root._type, STATEMENT_TYPE, '_type');
  at.equal(root.predicateType, PREDICATE_TYPE, 'predicateType');
  const { source, ...others } = at.artifacts(at.list(root.subject, 'subject'), 'subject');
  if (source === undefined || Object.keys(others).length > 0) throw at.wrong('its subject is not one source');
  at.equal(source.kind, SOURCE_KIND, 'the kind of its subject');
  const { name, uri, licence, origin, kept } = at.object(root.predicate, 'predicate');
  const writer = ORIGINS.find((one) => one === origin);
  if (origin !== undefined && writer === undefined) throw at.wrong(`origin is none of ${ORIGINS.join(', ')}`);
  if (typeof kept !== 'boolean') throw at.wrong('kept is neither true nor false');
  const [place, terms] = [at.optionalText(uri, 'uri'), at.optionalText(licence, 'licence')];
  return {
    artifact: source,
    name: at.text(name, 'name'),
    ...(place === undefined ? {} : { uri: place }),
    ...(terms === undefined ? {} : { licence: terms }),
    ...(writer === undefined ? {} : { origin: writer }),
    kept,
  };
}

/**
 * Puts a source into a store, so far as it is not there whole, and states what is claimed of it.
 * @param options.keep default: whether it is small enough
 * @throws 'invalid' where a file has been written to since its digest was taken
 */
export async function keepSource(
  store: ArtifactStore,
  files: readonly SourceFile[],
  facts: Omit<SourceFacts, 'kept'>,
  signer: Signer,
  options: { readonly keep?: boolean; readonly hashBelow?: number } = {},
): Promise<ArtifactRef> {
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const kept = options.keep ?? size <= KEPT_BELOW;
  const bare = files.map(({ path, digest, size }) => ({ path, digest, size }));
  const { hashBelow } = options;
  const ref = await store.publishFiles(SOURCE_KIND, kept ? files : bare, hashBelow === undefined ? {} : { hashBelow });
  const inOrder = [...bare].sort((a, b) => (a.path < b.path ? -1 : 1));
  await addStatement(store, sourceAbout(ref), sourceStatement({ ...ref, files: inOrder }, { ...facts, kept }), signer);
  return ref;
}
