/** What an export starts from, and what it leaves: files in a folder, in a form that others' tools read. */
import type { StatedArtifact } from '../artifacts/in-toto.js';
import type { SourceOriginClaim } from '../artifacts/source.js';
import type { StepFacts } from '../artifacts/statement.js';
import type { ArtifactManifest, ArtifactRef, ArtifactStore } from '../artifacts/types.js';
import type { Digest } from '../common/canonical.js';
import type { ScoresDocument } from '../spec/results.js';
import type { ModelKey } from '../signing/model-key.js';

/** What one statement says of a step. */
export interface StatedStep extends StepFacts {
  readonly statement: Digest;
}

/** What is claimed of a source. Who claims several things claims them all: nobody here knows which of them is so. */
export interface Source {
  readonly artifact: StatedArtifact;
  /** as claimed; where nothing is claimed, the roles in which it was read */
  readonly names: readonly string[];
  readonly uris: readonly string[];
  readonly licences: readonly string[];
  /** who is said to have written it */
  readonly origins: readonly SourceOriginClaim[];
  /** whether its bytes are in the store */
  readonly kept: boolean;
  readonly statements: readonly Digest[];
}

/** Where an artifact belongs to. */
export interface Place {
  readonly experiment: string;
  readonly plan: Digest;
  /** `replace/seed-1` */
  readonly run: string;
  readonly generation?: number;
  /** `opt/model`, `inputs/train` */
  readonly role: string;
}

/** An artifact with everything that it came from, as statements say it. Nothing in it is of this machine or of the time of the export. */
export interface Subject {
  readonly artifact: StatedArtifact;
  readonly manifest: ArtifactManifest;
  /** in the order of `artifact`, then as a walk back meets them; sources among them */
  readonly artifacts: readonly ArtifactRef[];
  /** in the order in which they began */
  readonly steps: readonly StatedStep[];
  /** by digest */
  readonly sources: readonly Source[];
  readonly places: readonly Place[];
  /** of a model what its evaluations found */
  readonly scores: ScoresDocument['values'];
  /** of a dataset, so that its fields are known; absent where it has no record */
  readonly firstRecord?: Readonly<Record<string, unknown>>;
  /** what no statement says the making of */
  readonly unattested: readonly ArtifactRef[];
}

/** A file of an export: bytes, or what the store keeps under a digest. `path` is relative, '/'-separated. */
export type ExportFile = { readonly path: string } & ({ readonly bytes: Uint8Array } | { readonly blob: Digest });

/** What formats need beside the subject. */
export interface ExportContext {
  readonly store: ArtifactStore;
  /** the key that signs models; made where there is none */
  modelKey(): ModelKey;
  /** of Habsburg, `0.1.0` */
  readonly version: string;
}

export interface ExportFormat {
  /** what `--as` takes */
  readonly name: string;
  /** of whom, and in which version */
  readonly title: string;
  /** what is exported: artifacts of these kinds; absent: of any */
  readonly of?: readonly string[];
  /** The same subject gives the same files, byte for byte, but for signatures of keys that draw. Errors: what the format cannot say. */
  files(subject: Subject, context: ExportContext): Promise<readonly ExportFile[]> | readonly ExportFile[];
}
