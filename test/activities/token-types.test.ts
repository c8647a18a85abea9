/** Which token ids occur in a set. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { tokenTypesIn } from '../../activities/token-types.js';
import { RECORDS_FILE, writeRecords } from '../../pool/records.js';
import { text } from '../support/workplace.js';

test('ids of texts and of answers; those that stand in prompts alone are none', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'habsburg-types-'));
  const prompt = { tokens: 2, text: 'a prompt' };
  await writeRecords(join(folder, RECORDS_FILE), [text('a', [5, 5, 6]), text('b', [7, 8, 9, 8], { prompt }), text('c', [])]);
  expect([...(await tokenTypesIn(folder))].sort()).toEqual([5, 6, 8, 9]);
  rmSync(folder, { recursive: true });
});
