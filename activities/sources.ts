/** The sources that a step reads, kept as artifacts under the names that the experiment's file gives them, with what it claims of them. */
import { keepSource } from '../artifacts/source.js';
import type { ArtifactRef, ArtifactStore } from '../artifacts/types.js';
import type { SourceOrigin } from '../data/source.js';
import type { Signer } from '../signing/envelope.js';
import { claimAbout, type SourceClaim } from '../spec/source-claims.js';

/** By role, as a step's statement names them. */
export type SourcesRead = Readonly<Record<string, { readonly origin: SourceOrigin; readonly claims?: readonly SourceClaim[] }>>;

/** Sources by role, with what the experiment's file claims of all of them. */
export function claimed(origins: Readonly<Record<string, SourceOrigin>>, claims?: readonly SourceClaim[]): SourcesRead {
  return Object.fromEntries(Object.entries(origins).map(([role, origin]) => [role, { origin, claims }]));
}

/** @param options.hashBelow as `publish` has it */
export async function keepSources(
  store: ArtifactStore,
  read: SourcesRead,
  signer: Signer,
  options: { readonly hashBelow?: number } = {},
): Promise<Record<string, ArtifactRef & { readonly uri?: string }>> {
  const refs: Record<string, ArtifactRef & { readonly uri?: string }> = {};
  for (const [role, { origin, claims }] of Object.entries(read)) {
    const { keep, licence, origin: writer, name = origin.name, uri = origin.uri } = claimAbout(origin.given, claims) ?? {};
    const ref = await keepSource(store, origin.files, { name, uri, licence, origin: writer }, signer, { keep, ...options });
    refs[role] = { ...ref, ...(uri === undefined ? {} : { uri }) };
  }
  return refs;
}
