/** Values that libraries computed (golden/*.gz, as sacrebleu, NLTK, rouge-score, lexicalrichness … gave them) and how they are compared. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect } from '@jest/globals';

/** One of them as it is. */
export const goldenFile = (name: string): string =>
  gunzipSync(readFileSync(new URL(`golden/${name}.gz`, import.meta.url))).toString('utf8');

export const golden = <T>(name: string): T => JSON.parse(goldenFile(`${name}.json`)) as T;
export const goldenLines = <T>(name: string): T[] =>
  goldenFile(`${name}.jsonl`)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T);

export interface GoldenText {
  readonly id: string;
  readonly set: string;
  readonly text: string;
}

export const goldenTexts = (): GoldenText[] => goldenLines<GoldenText>('texts');

/** Equal within 1e-9 relative or 1e-12 absolute; `what` names it where it is not. */
export function expectEqual(what: string, actual: number | undefined, expected: number, relative = 1e-9): void {
  const off = Math.abs(actual! - expected);
  if (!(off <= Math.max(1e-12, relative * Math.abs(expected))))
    expect({ what, value: actual }).toEqual({ what, value: expected });
}
