/** The JSON files of model folders: objects, written as transformers writes them. */
import { writeFile } from 'node:fs/promises';
import { fromSystemError, HabsburgError } from '../../common/errors.js';
import type { ConfigJson } from '../models/types.js';
import { openToRead } from '../../common/open-file.js';
import { refusePointer } from './open.js';

/** Far beyond any config or index; a file that is larger is something else. */
const MAX_SIZE = 100_000_000;

/**
 * NaN and infinities, which Python's json writes and JSON does not have, become {"__float__": "NaN"}, as transformers writes them.
 * @throws HabsburgError `notFound` without the file, `verification` when it holds no JSON object, `invalid` when it is no file
 */
export async function readJsonObject(path: string): Promise<ConfigJson> {
  const value = await readJson(path);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new HabsburgError('verification', `${path} must hold a JSON object`);
  return value as ConfigJson;
}

/** The same of a file that may hold anything. */
export async function readJson(path: string): Promise<unknown> {
  return parseObject(await readBounded(path), path);
}

async function readBounded(path: string): Promise<string> {
  const file = await openToRead(path);
  try {
    const { size } = await file.stat();
    if (size > MAX_SIZE)
      throw new HabsburgError('verification', `${path} has ${size} bytes, more than any such file needs; is it another file?`);
    const bytes = await file.readFile();
    refusePointer(path, bytes);
    return bytes.toString('utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw fromSystemError(error, `cannot read ${path}`);
  } finally {
    await file.close();
  }
}

function parseObject(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    try {
      return JSON.parse(text.replace(FLOAT_WORDS, (match, word?: string) => (word === undefined ? match : JSON.stringify({ __float__: word })))); // prettier-ignore
    } catch {
      throw new HabsburgError('verification', `${path} is not valid JSON: ${(error as Error).message}`, { cause: error });
    }
  }
}

/** A string as it is, or outside of strings Python's words for numbers that JSON does not have. */
const FLOAT_WORDS = /"(?:[^"\\]|\\.)*(?:"|$)|(-?Infinity|NaN)/gs;

/** Sorted keys and two spaces, as transformers writes. */
export async function writeJson(path: string, value: ConfigJson): Promise<void> {
  const sorted = Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  try {
    await writeFile(path, `${JSON.stringify(sorted, null, 2)}\n`);
  } catch (error) {
    throw fromSystemError(error, `cannot write ${path}`);
  }
}
