/** Datasets of points: records.jsonl, a line a point. */
import { join } from 'node:path';
import { HabsburgError } from '../../../common/errors.js';
import { RECORDS_FILE, readHeads, writeRecords, type RecordHead } from '../../../pool/records.js';

/** One point of a dataset. */
export interface PointRecord extends RecordHead {
  readonly point: readonly number[];
}

/** @returns coordinates, (points, dimensions) row by row */
export async function readPoints(
  folder: string,
): Promise<{ readonly count: number; readonly dimensions: number; readonly data: Float64Array }> {
  // prettier-ignore
  const rows: (readonly number[])[] = [];
  for await (const record of readHeads(join(folder, RECORDS_FILE))) rows.push((record as PointRecord).point);
  const dimensions = rows[0]?.length ?? 0;
  if (rows.some((row) => row?.length !== dimensions))
    throw new HabsburgError('verification', `${folder} has points of different dimensions; the dataset is damaged`);
  return { count: rows.length, dimensions, data: Float64Array.from(rows.flat()) };
}

export function writePoints(folder: string, records: Iterable<PointRecord>): Promise<number> {
  return writeRecords(join(folder, RECORDS_FILE), records);
}
