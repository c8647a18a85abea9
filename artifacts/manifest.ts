/** Reads a manifest's bytes back with distrust: they come from a store that anybody may have written to. */
import { canonicalJson, isDigest, sha256, type Digest } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import { checkFilePath } from './keys.js';
import type { ArtifactFile, ArtifactKind, ArtifactManifest, ArtifactRef } from './types.js';

export const MANIFEST_SCHEMA = 'habsburg.artifact/v1';
/** What an artifact is: a word of whoever publishes it (dataset, model, table …); the store does not ask. */
export const KIND = /^[a-z][a-z0-9-]{0,62}$/;

/** A manifest with its files in path order. */
export function makeManifest(
  kind: ArtifactKind,
  files: readonly ArtifactFile[],
  facts: ArtifactManifest['facts'],
): ArtifactManifest {
  return { schema: MANIFEST_SCHEMA, kind, files: [...files].sort((a, b) => (a.path < b.path ? -1 : 1)), facts };
}

/** The bytes that are stored and whose SHA-256 is the artifact's name. */
export function manifestBytes(manifest: ArtifactManifest): Buffer {
  return Buffer.from(canonicalJson(manifest), 'utf8');
}

export function refOf(manifest: ArtifactManifest): ArtifactRef {
  const size = manifest.files.reduce((sum, file) => sum + file.size, 0);
  return { kind: manifest.kind, digest: sha256(manifestBytes(manifest)), size };
}

/** @param bytes already checked against `digest`; still, the content must be a manifest of this schema with harmless paths */
export function parseManifest(bytes: Uint8Array, digest: Digest): ArtifactManifest {
  const where = `artifact ${digest}`;
  const wrong = (what: string) => new HabsburgError('verification', `${where}: ${what}; it is no artifact of this version`);
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    throw wrong('its manifest is not JSON');
  }
  const manifest = value as Partial<ArtifactManifest> | null;
  if (manifest?.schema !== MANIFEST_SCHEMA)
    throw wrong(`its schema is ${JSON.stringify(manifest?.schema)}, not ${MANIFEST_SCHEMA}`);
  if (typeof manifest.kind !== 'string' || !KIND.test(manifest.kind)) throw wrong(`its kind is ${JSON.stringify(manifest.kind)}`);
  if (!Array.isArray(manifest.files) || typeof manifest.facts !== 'object' || manifest.facts === null)
    throw wrong('files or facts are missing');
  let previous = '';
  for (const file of manifest.files as readonly Partial<ArtifactFile>[]) {
    checkFilePath(file?.path, where);
    if (!isDigest(file.digest) || !Number.isSafeInteger(file.size) || (file.size as number) < 0)
      throw wrong(`${file.path} has no digest or size`);
    if (file.path <= previous) throw wrong('its files are not in order');
    previous = file.path;
  }
  return manifest as ArtifactManifest;
}
