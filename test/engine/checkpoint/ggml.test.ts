/** ggml's types against the gguf package (test/golden/ggml.json), bit for bit. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { GGML_TYPES } from '../../../engine/checkpoint/ggml.js';

const golden = JSON.parse(readFileSync('test/golden/ggml.json', 'utf8')) as {
  types: Record<string, { type: number; bytes: string; values: string }>;
};

test.each(Object.entries(golden.types))('%s', (name, { type, bytes, values }) => {
  const row = GGML_TYPES[type];
  expect(row.name).toBe(name);
  const data = Buffer.from(bytes, 'base64');
  expect(data.length).toBe(2 * row.bytes);
  const expected = new Float32Array(new Uint8Array(Buffer.from(values, 'base64')).buffer);
  expect(row.dequantise(data)).toEqual(expected);
});
