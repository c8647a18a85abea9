/** Reading the files that the `lm` commands are given. */
import { HabsburgError } from '../../../common/errors.js';
import { readTextFile } from '../../../common/text-file.js';

/** @throws HabsburgError `notFound`, or `invalid` naming what the file is in place of UTF-8 text */
export function readText(file: string): Promise<string> {
  return readTextFile(file);
}

export function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new HabsburgError('invalid', `${where}: not valid JSON (${(cause as Error).message})`, { cause });
  }
}
