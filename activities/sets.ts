/** Sets of records as a step reads them: a dataset's folder as it is, or a selection's records put together beside it. */
import type { ArtifactRef } from '../artifacts/types.js';
import type { Digest } from '../common/canonical.js';
import { SELECTION_FILE, copyRecords, parseSelection, piecesOf } from '../pool/selection.js';
import type { StepContext } from './step.js';

/** A folder with the records of a dataset or a selection. */
export async function recordsOf(step: StepContext, { kind, digest }: ArtifactRef): Promise<string> {
  if (kind !== 'selection') return step.input({ kind, digest, size: 0 });
  const read = async (of: Digest) => parseSelection(await step.store.readFile(of, SELECTION_FILE), `selection ${of}`);
  const out = await step.folder(`records-${digest.slice(7, 23)}`);
  await copyRecords(await piecesOf(digest, read), (dataset) => step.input({ kind: 'dataset', digest: dataset, size: 0 }), out);
  return out;
}
