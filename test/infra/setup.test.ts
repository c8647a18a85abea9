/** What is in dist/ is what the sources make of themselves: nothing of a source that is gone stays and runs, or is hashed. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { dropLeftovers } from '../../infra/setup.mjs';

const root = mkdtempSync(join(tmpdir(), 'habsburg-setup-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('what was compiled from a source that is gone goes, with its map; all else stays', () => {
  for (const path of ['pool/records.ts', 'infra/go.mjs', 'infra/plain.js', 'spec/deep/words.json']) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), '');
  }
  const kept = ['.tsbuildinfo', 'infra/go.mjs', 'infra/plain.js', 'pool/records.js', 'pool/records.js.map', 'spec/deep/words.json', 'workflow-bundle.cjs']; // prettier-ignore
  for (const path of [...kept, 'pool/old.js', 'pool/old.js.map', 'infra/old.mjs', 'gone/old.js', 'spec/deep/old.json']) {
    mkdirSync(dirname(join(root, 'dist', path)), { recursive: true });
    writeFileSync(join(root, 'dist', path), '');
  }
  dropLeftovers(root);
  const left = readdirSync(join(root, 'dist'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(left.map(({ parentPath, name }) => join(parentPath, name).slice(root.length + '/dist/'.length)).sort()).toEqual(kept);
});
