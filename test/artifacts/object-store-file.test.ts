import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
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
    const { kind, message } = await failure(store.put('a/b', text('2')));
    expect(kind).toBe('invalid');
    expect(message).toMatch(/writing a\/b to .*\/below\/a is a file where the store has to have a folder/);
    expect(await keys(store, '')).toEqual(['a']);
  });

  test('folders that others make and take away at any moment lose no write', async () => {
    const folder = join(root, 'comes-and-goes');
    const store = openStore(folder);
    let over = false;
    // takes away whatever is empty, as a release of old or a tidy neighbour does
    const sweeper = (async () => {
      while (!over) {
        for (const name of ['names/leases', 'names/checkpoints', 'names', '~tmp', '.'])
          await rmdir(join(folder, name)).catch(() => undefined);
      }
    })();
    const worker = async (id: number) => {
      for (let i = 0; i < 150; i++) {
        expect(await store.putIfAbsent(`names/leases/${id}-${i}`, text('1'))).toBe(true);
        await store.put(`names/checkpoints/${id}`, text(String(i)));
        await store.delete(`names/leases/${id}-${i}`);
        await store.delete(`names/checkpoints/${id}`);
      }
    };
    await Promise.all([worker(0), worker(1)]).finally(() => (over = true));
    await sweeper;
    expect(await keys(store, '')).toEqual([]);
  }, 60_000);

  test('an object takes the place of a folder, a link to nowhere, a link to another or a pipe; none of them is read as one', async () => {
    const folder = join(root, 'in-the-place');
    const store = openStore(folder);
    const path = (key: string) => join(folder, key);
    const inPlace: Record<string, (at: string) => unknown> = {
      'empty-folder': (at) => mkdirSync(at),
      'full-folder': (at) => (mkdirSync(at), writeFileSync(join(at, 'inside'), 'x')),
      'link-to-nowhere': (at) => symlinkSync(join(folder, 'nowhere'), at),
      pipe: (at) => execFileSync('mkfifo', [at]),
    };
    await store.put('kept', text('kept'));
    for (const [name, make] of Object.entries(inPlace)) {
      for (const how of ['put', 'putIfAbsent'] as const) {
        const key = `${name}-${how}`;
        make(path(key));
        expect(await store.stat(key)).toBeUndefined();
        expect((await failure(store.get(key))).kind).toBe('notFound');
        await store[how](key, text('right'));
        expect((await read(store, key)).toString()).toBe('right');
      }
    }
    symlinkSync(path('kept'), path('link'));
    await store.put('link', text('own'));
    expect((await read(store, 'kept')).toString()).toBe('kept');
  });

  test('a store whose folder cannot be made is unreachable: it may come back', async () => {
    const folder = join(root, 'unmounted');
    symlinkSync(join(root, 'not', 'there'), folder);
    expect((await failure(openStore(folder).put('x', text('1')))).kind).toBe('unreachable');
  });

  test('what no document can be is not taken into memory', async () => {
    const store = openStore(join(root, 'large'));
    await store.put('x', text('12345'));
    expect((await store.read('x', 5)).toString()).toBe('12345');
    expect((await failure(store.read('x', 4))).kind).toBe('verification');
  });
});
