/** Compression ratio: how much smaller gzip makes what was written. */
import { gzipSync } from 'node:zlib';
import { textsOf } from './input.js';
import { rowsOf } from './rows.js';
import type { Evaluation } from './types.js';
import { z } from 'zod';

/**
 * Bytes of all texts, joined by a space, in UTF-8 / bytes after gzip at level 9; about 2.5 for English, higher repeats more. n: bytes.
 * None where nothing was written. Source: Shaib et al., "Standardizing the measurement of text diversity" (2024).
 */
export const compressionRatio: Evaluation = {
  name: 'compression-ratio',
  variant: 'gzip-9',
  version: 1,
  summary: 'Compression ratio: bytes of all texts / bytes after gzip; about 2.5 for English, higher repeats more.',
  higherIsBetter: false,
  usual: false,
  of: 'texts',
  group: 'quality',
  needs: { records: ['generated'] },
  settings: z.strictObject({
    bytes: z.int().min(0).max(1e9).default(1_000_000).describe('The first so many bytes, so that sizes are equal; 0: all.'),
  }),
  subject: 'generated',
  compute(input, settings) {
    const bytes = Buffer.from(textsOf(input, 'generated').texts.join(' '), 'utf8').subarray(
      0,
      Number(settings.bytes) || undefined,
    );
    return bytes.length === 0 ? [] : [rowsOf(this, settings)(bytes.length / gzipSync(bytes, { level: 9 }).length, bytes.length)];
  },
};
