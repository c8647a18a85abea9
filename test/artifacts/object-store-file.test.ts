import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import { openStore } from '../../artifacts/open.js';
import { failure, keys, objectStoreContract, read, text } from './object-store-contract.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-file-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

objectStoreContract('file://', async () => openStore(pathToFileURL(join(root, 'contract')).href));

describe('file store', () => {
  test('file:// urls, plain and relative paths name the same store; spaces and percent signs survive', async () => {
    const folder = join(root, 'a folder 100%');
    await openStore(folder).put('x', text('1'));
    expect((await read(openStore(pathToFileURL(folder).href), 'x')).toString()).toBe('1');
    expect(openStore(folder).url).toBe(pathToFileURL(folder).href);
    expect(openStore('file:store').url).toBe(pathToFileURL(join(process.cwd(), 'store')).href);
  });

  test('other schemes, a host in file:// and an empty url are refused', async () => {
    for (const url of ['gs://bucket', 'https://example.org/x', 'file://host/x', '']) {
      expect((await failure((async () => openStore(url))())).kind).toBe('invalid');
    }
  });

  test('a store that was never written to is empty, not an error', async () => {
    const store = openStore(join(root, 'never'));
    expect(await keys(store, '')).toEqual([]);
    expect(await store.stat('x')).toBeUndefined();
  });

  test('a key below an object is an error that names the key, and leaves nothing', async () => {
    const store = openStore(join(root, 'below'));
    await store.put('a', text('1'));
    expect((await failure(store.put('a/b', text('2')))).message).toContain('a/b');
    expect(await keys(store, '')).toEqual(['a']);
  });
});
