/** Which token ids occur in a set, for a thread of its own: the set may be all real text. */
import { join } from 'node:path';
import { RECORDS_FILE, readRecords } from '../pool/records.js';

/** @param folder of the set @returns ids of answers alone where records have prompts */
export async function tokenTypesIn(folder: string): Promise<Set<number>> {
  const types = new Set<number>();
  for await (const { tokens, prompt } of readRecords(join(folder, RECORDS_FILE)))
    for (let i = prompt?.tokens ?? 0; i < tokens.length; i++) types.add(tokens[i]);
  return types;
}
