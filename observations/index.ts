/** The observations by name. Adding one: a file beside this and a row here. */
import { join } from 'node:path';
import { HabsburgError } from '../common/errors.js';
import { RECORDS_FILE, readHeads } from '../pool/records.js';
import { bound } from './bound.js';
import { code } from './code.js';
import { likelihood } from './likelihood.js';
import { writeTable } from '../data/table.js';
import type { Observation, ObservationIo, ObservationJob } from './types.js';

export const observations: readonly Observation[] = [likelihood, bound, code];

/** @throws HabsburgError 'invalid' for an unknown name */
export function observationOf(name: string): Observation {
  const found = observations.find((observation) => observation.name === name);
  if (!found)
    throw new HabsburgError(
      'invalid',
      `this version has no observation ${name}; it has ${observations.map((o) => o.name).join(', ')}`,
    );
  return found;
}

/** Runs one and writes its table into the folder `out`; returns how many records were looked at. */
export async function observe(job: ObservationJob & { readonly observation: string; readonly out: string }, io: ObservationIo) {
  const records: string[] = [];
  for await (const { id } of readHeads(join(job.data, RECORDS_FILE))) records.push(id);
  const { columns } = await observationOf(job.observation).run(job, io);
  await writeTable(job.out, { records, columns });
  return { records: records.length };
}
