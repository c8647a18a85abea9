/** The records of a dataset, line by line and as its digest says: whoever looks for one need not hold them all. */
import { blobKey } from '../artifacts/keys.js';
import type { ArtifactRef, ArtifactStore } from '../artifacts/types.js';
import { getKept } from '../artifacts/trash.js';
import { measure } from '../artifacts/verified.js';
import type { Digest } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import { RECORDS_FILE, type DataRecord } from '../pool/records.js';

/** Hands on every line of a dataset's records as bytes. @throws 'invalid' for what has none; 'verification' where the bytes are others */
export async function eachLine(
  store: ArtifactStore,
  dataset: Pick<ArtifactRef, 'kind' | 'digest'>,
  take: (line: Buffer) => void,
): Promise<void> {
  const { files } = await store.manifest(dataset.digest);
  const file = files.find(({ path }) => path === RECORDS_FILE);
  if (!file)
    throw new HabsburgError(
      'invalid',
      `${dataset.kind} ${dataset.digest} holds no ${RECORDS_FILE}; name a dataset of texts${dataset.kind === 'selection' ? ': one of those that this selection takes records of (lineage show)' : ''}`,
    );
  let rest: Uint8Array = Buffer.alloc(0);
  const stream = (await getKept(store.objects, blobKey(file.digest))) as AsyncIterable<Uint8Array>;
  const found = await measure(stream, (chunk) => {
    const bytes = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      if (end > from) take(bytes.subarray(from, end));
      from = end + 1;
    }
    rest = bytes.subarray(from);
  });
  if (rest.length > 0) take(Buffer.from(rest));
  if (found.digest !== file.digest)
    throw new HabsburgError(
      'verification',
      `${RECORDS_FILE} of ${dataset.digest} is damaged: its bytes have the hash ${found.digest}`,
    );
}

/** The same, of what each line says, with its place. @throws 'verification' for a line that is no record */
export function eachRecord(store: ArtifactStore, dataset: Digest, take: (record: DataRecord, at: number) => void): Promise<void> {
  let at = 0;
  return eachLine(store, { kind: 'dataset', digest: dataset }, (line) => take(recordIn(line, dataset), at++));
}

export function recordIn(line: Buffer, dataset: Digest): DataRecord {
  try {
    return JSON.parse(line.toString('utf8')) as DataRecord;
  } catch {
    throw new HabsburgError('verification', `${RECORDS_FILE} of ${dataset} is damaged: a line is not JSON`);
  }
}
