/** The JSON files of model folders: objects, written as transformers writes them. */
import { readFile, writeFile } from 'node:fs/promises';
import { fromSystemError, HabsburgError } from '../../common/errors.js';
import type { ConfigJson } from '../models/types.js';

/** @throws HabsburgError `notFound` without the file, `verification` when it holds no JSON object */
export async function readJsonObject(path: string): Promise<ConfigJson> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw fromSystemError(error, `cannot read ${path}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new HabsburgError('verification', `${path} is not valid JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new HabsburgError('verification', `${path} must hold a JSON object`);
  return value as ConfigJson;
}

/** Sorted keys and two spaces, as transformers writes. */
export async function writeJson(path: string, value: ConfigJson): Promise<void> {
  const sorted = Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  try {
    await writeFile(path, `${JSON.stringify(sorted, null, 2)}\n`);
  } catch (error) {
    throw fromSystemError(error, `cannot write ${path}`);
  }
}
