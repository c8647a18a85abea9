/** Lines out of chunks, however they are cut, and an end to what has none. */
import { expect, test } from '@jest/globals';
import { lineSplitter } from '../../engines/lines.js';

function split(chunks: readonly string[], longest?: number): { lines: string[]; overflows: number } {
  const lines: string[] = [];
  let overflows = 0;
  const take = lineSplitter((line) => lines.push(line), () => overflows++, longest); // prettier-ignore
  for (const chunk of chunks) take(Buffer.from(chunk));
  return { lines, overflows };
}

test('lines are whole, wherever the chunks are cut; what has no newline yet is none', () => {
  expect(split(['a\nb', 'c\n\n', 'd', 'e'])).toEqual({ lines: ['a', 'bc', ''], overflows: 0 });
  const text = 'ü€😀\nzwei\n';
  const bytes = [...Buffer.from(text)];
  const lines: string[] = [];
  const take = lineSplitter((line) => lines.push(line), () => undefined); // prettier-ignore
  for (const byte of bytes) take(Buffer.from([byte]));
  expect(lines).toEqual(['ü€😀', 'zwei']);
});

test('a line that is too long is told once, and nothing is taken after it', () => {
  expect(split(['12345\n'], 5)).toEqual({ lines: ['12345'], overflows: 0 });
  expect(split(['ok\n123', '456', '789\nmore\n'], 5)).toEqual({ lines: ['ok'], overflows: 1 });
});
