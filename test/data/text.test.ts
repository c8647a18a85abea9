/** Texts that are read piece by piece: lines, digests, and files that change meanwhile. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sha256 } from '../../common/canonical.js';
import { linesOf } from '../../data/blocks.js';
import { fileChunks, linesOfPieces, textDigests, textFile, textLines, wholeText } from '../../data/text.js';
import { failure } from '../artifacts/object-store-contract.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-texts-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function all<T>(batches: AsyncIterable<readonly T[]>): Promise<T[]> {
  const found: T[] = [];
  for await (const some of batches) found.push(...some);
  return found;
}

async function* cutAt(text: string, places: readonly number[]): AsyncGenerator<string> {
  const cuts = [0, ...places.map((place) => place % (text.length + 1)).sort((a, b) => a - b), text.length];
  for (let i = 1; i < cuts.length; i++) yield text.slice(cuts[i - 1], cuts[i]);
}

describe('lines', () => {
  test('are those of the whole text wherever it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: fc.constantFrom('a', 'é', '\n', '\r', '\u2028', ' ') }),
        fc.array(fc.nat(), { maxLength: 6 }),
        async (text, places) => expect(await all(linesOfPieces(cutAt(text, places)))).toEqual(linesOf(text)),
      ),
      { seed: 11, numRuns: 300 },
    );
  });

  test('of a file of several pieces, and its digests', async () => {
    const path = join(root, 'large');
    const lines = Array.from({ length: 60_000 }, (_, i) => `${i} naïve 日本語 ${'x'.repeat(i % 50)}`);
    const raw = `\ufeff${lines.join('\r\n')}`;
    writeFileSync(path, raw);
    const place = await textFile(path);
    expect(await all(textLines(place))).toEqual(lines);
    expect(await textDigests(place)).toEqual({ file: sha256(raw), text: sha256(lines.join('\n')) });
    expect(await wholeText(place)).toBe(lines.join('\n'));
  });
});

test('a file that is written to while it is read is not taken for what it was', async () => {
  const path = join(root, 'growing');
  writeFileSync(path, 'line\n'.repeat(500_000));
  const place = await textFile(path);
  const reading = (async () => {
    for await (const _ of fileChunks(place)) appendFileSync(path, 'more\n');
  })();
  expect(await failure(reading)).toMatchObject({ kind: 'invalid', message: `${path} was written to while it was read; run again when it is whole` }); // prettier-ignore
  expect((await failure(textDigests(place))).kind).toBe('invalid');
});

test('reading stops where it is no longer wanted', async () => {
  const path = join(root, 'unwanted');
  writeFileSync(path, 'line\n');
  const reason = new Error('cancelled');
  await expect(textDigests(await textFile(path), AbortSignal.abort(reason))).rejects.toBe(reason);
});
