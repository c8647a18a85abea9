/** Runs an observation, in the engine's process. */
import { join } from 'node:path';
import { writeTable } from '../data/table.js';
import { RECORDS_FILE, readHeads } from '../pool/records.js';
import { instrumentOf } from './index.js';
import type { ObservationIo, ObservationJob } from './types.js';

/** Writes its table into the folder `out`, with the ids of records where the instrument names no others; returns how many records were looked at. */
export async function observe(job: ObservationJob & { readonly observation: string; readonly out: string }, io: ObservationIo) {
  const records: string[] = [];
  for await (const { id } of readHeads(join(job.data, RECORDS_FILE))) records.push(id);
  const table = await (await instrumentOf(job.observation)).run(job, io);
  await writeTable(job.out, { records, ...table });
  return { records: records.length };
}
