/** What every object store must do, whatever is behind it. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { STATEMENT_TYPE } from '../../artifacts/in-toto.js';
import { addStatement } from '../../artifacts/statements.js';
import { ContentStore } from '../../artifacts/store.js';
import type { ObjectStore } from '../../artifacts/types.js';
import { isHabsburgError, type ErrorKind } from '../../common/errors.js';
import { sealed } from '../../signing/envelope.js';
import { signer } from '../support/signer.js';

export async function read(store: ObjectStore, key: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of await store.get(key)) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}

export async function keys(store: ObjectStore, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const key of store.list(prefix)) found.push(key);
  return found;
}

export const text = (s: string) => ({ bytes: Buffer.from(s) });

/** The HabsburgError a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<{ kind: ErrorKind; message: string }> {
  try {
    await promise;
  } catch (error) {
    if (!isHabsburgError(error)) throw error;
    return { kind: error.kind, message: error.message };
  }
  throw new Error('it did not fail');
}

const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** @param makeStore an empty store each time */
export function objectStoreContract(name: string, makeStore: () => Promise<ObjectStore>): void {
  describe(`object store: ${name}`, () => {
    let store: ObjectStore;
    let folder: string;
    beforeAll(async () => {
      store = await makeStore();
      folder = mkdtempSync(join(tmpdir(), 'habsburg-contract-'));
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    test('an object comes back as it was put, from bytes and from a file, also an empty one', async () => {
      const bytes = randomBytes(100_000);
      writeFileSync(join(folder, 'one'), bytes);
      await store.put('a/bytes', { bytes });
      await store.put('a/file', { file: join(folder, 'one') });
      await store.put('a/empty', { bytes: new Uint8Array() });
      expect((await read(store, 'a/bytes')).equals(bytes)).toBe(true);
      expect((await read(store, 'a/file')).equals(bytes)).toBe(true);
      expect(await read(store, 'a/empty')).toHaveLength(0);
      expect(await store.stat('a/file')).toMatchObject({ size: 100_000 });
      expect(await store.stat('a/empty')).toMatchObject({ size: 0 });
    });

    test('put replaces, putIfAbsent does not', async () => {
      await store.put('r/x', text('first'));
      await store.put('r/x', text('second, longer'));
      expect((await read(store, 'r/x')).toString()).toBe('second, longer');
      expect(await store.putIfAbsent('r/x', text('third'))).toBe(false);
      expect((await read(store, 'r/x')).toString()).toBe('second, longer');
      expect(await store.putIfAbsent('r/y', text('new'))).toBe(true);
      expect((await read(store, 'r/y')).toString()).toBe('new');
    });

    test('what is not there: undefined, notFound with the key, no error on delete', async () => {
      expect(await store.stat('none/such')).toBeUndefined();
      expect(await failure(store.get('none/such'))).toMatchObject({
        kind: 'notFound',
        message: expect.stringContaining('none/such'),
      });
      await store.delete('none/such');
      expect(await keys(store, 'none/')).toEqual([]);
    });

    test('a missing source file is notFound and leaves no object', async () => {
      expect((await failure(store.put('m/x', { file: join(folder, 'missing') }))).kind).toBe('notFound');
      expect((await failure(store.putIfAbsent('m/x', { file: join(folder, 'missing') }))).kind).toBe('notFound');
      expect(await store.stat('m/x')).toBeUndefined();
    });

    test('delete removes one object only', async () => {
      await store.put('d/deep/er/x', text('1'));
      await store.put('d/deep/er/y', text('2'));
      await store.delete('d/deep/er/x');
      expect(await keys(store, 'd/')).toEqual(['d/deep/er/y']);
      await store.delete('d/deep/er/y');
      expect(await keys(store, 'd/')).toEqual([]);
      await store.put('d/deep/er/z', text('3'));
      expect(await keys(store, 'd/')).toEqual(['d/deep/er/z']);
    });

    test('when an object was put is told by one clock, and a later one is never older', async () => {
      const modified = async (key: string) => (await store.stat(key))!.modified;
      await store.put('t/one', text('1'));
      await store.put('t/two', text('2'));
      const [one, two] = [await modified('t/one'), await modified('t/two')];
      expect(two).toBeGreaterThanOrEqual(one);
      expect(Math.abs(two - Date.now())).toBeLessThan(60_000); // test and server are on one machine
      await new Promise((turn) => setTimeout(turn, 1_100)); // buckets tell whole seconds
      await store.put('t/one', text('1'));
      expect(await modified('t/one')).toBeGreaterThan(two);
    });

    test('move gives an object another key, in the place of another; of nothing it says so', async () => {
      await store.put('v/from', text('moved'));
      await store.put('v/a=1/to', text('there before'));
      expect(await store.move('v/from', 'v/a=1/to')).toBe(true);
      expect((await read(store, 'v/a=1/to')).toString()).toBe('moved');
      expect(await keys(store, 'v/')).toEqual(['v/a=1/to']);
      expect(await store.move('v/from', 'v/a=1/to')).toBe(false);
      expect((await read(store, 'v/a=1/to')).toString()).toBe('moved');
      // of several that move one, at least one does, and it is there once
      const moved = await Promise.all([1, 2, 3].map(() => store.move('v/a=1/to', 'v/last')));
      expect(moved).toContain(true);
      expect(await keys(store, 'v/')).toEqual(['v/last']);
      expect((await failure(store.move('v/last', '../x'))).kind).toBe('invalid');
    });

    test('list is by prefix, in code-unit order of the whole key', async () => {
      const all = ['l/a-b', 'l/a.json', 'l/a/b', 'l/a/c/d', 'l/a0', 'l/B', 'l/z=1@2+3', 'l/_'];
      for (const key of [...all].reverse()) await store.put(key, text(key));
      expect(await keys(store, 'l/')).toEqual([...all].sort());
      expect(await keys(store, 'l/a')).toEqual(['l/a-b', 'l/a.json', 'l/a/b', 'l/a/c/d', 'l/a0']);
      expect(await keys(store, 'l/a/')).toEqual(['l/a/b', 'l/a/c/d']);
      expect(await keys(store, 'l/a/c/d')).toEqual(['l/a/c/d']);
    });

    test('keys that lead elsewhere are refused by every method', async () => {
      for (const key of [
        '',
        '/etc/passwd',
        '../x',
        'a/../../x',
        'a/./b',
        'a//b',
        'a/',
        'a\\b',
        'a b',
        'a\0b',
        'ä',
        '~tmp/x',
        'a'.repeat(201),
        'a/'.repeat(500) + 'a',
      ]) {
        expect((await failure(store.put(key, text('x')))).kind).toBe('invalid');
        expect((await failure(store.putIfAbsent(key, text('x')))).kind).toBe('invalid');
        expect((await failure(store.get(key))).kind).toBe('invalid');
        expect((await failure(store.stat(key))).kind).toBe('invalid');
        expect((await failure(store.delete(key))).kind).toBe('invalid');
      }
      expect((await failure(keys(store, '../'))).kind).toBe('invalid');
    });

    test('statements that many add at the same time are all there, each once and whole', async () => {
      const artifacts = new ContentStore(store);
      const statement = (n: number) =>
        ({ _type: STATEMENT_TYPE, subject: [], predicateType: 'a test', predicate: { n } }) as const;
      const body = (n: number) => Buffer.from(`{"_type":"https://in-toto.io/Statement/v1","predicate":{"n":${n}},"predicateType":"a test","subject":[]}`); // prettier-ignore
      const bodies = await Promise.all(Array.from({ length: 8 }, (_, n) => sealed(body(n), signer)));
      const bytes = (n: number) => bodies[n];
      await Promise.all(Array.from({ length: 24 }, (_, i) => addStatement(artifacts, 'steps/one', statement(i % 8), signer)));
      const expected = Array.from({ length: 8 }, (_, n) => `statements/steps/one/${sha(bytes(n))}.json`);
      expect(await keys(store, 'statements/')).toEqual([...expected].sort());
      for (const [n, key] of expected.entries()) expect((await read(store, key)).equals(bytes(n))).toBe(true);
      // one that is damaged is put right by who says the same again
      await store.put(expected[3], text('damaged'));
      await addStatement(artifacts, 'steps/one', statement(3), signer);
      expect((await read(store, expected[3])).equals(bytes(3))).toBe(true);
    });

    test('of many concurrent putIfAbsent the object is one of them, whole, and stays', async () => {
      const bodies = Array.from({ length: 16 }, (_, i) => Buffer.alloc(50_000, i));
      const wrote = await Promise.all(bodies.map((bytes) => store.putIfAbsent('c/x', { bytes })));
      expect(wrote.filter(Boolean).length).toBeGreaterThanOrEqual(1);
      const winner = await read(store, 'c/x');
      expect(winner).toHaveLength(50_000);
      expect(winner.every((b) => b === winner[0])).toBe(true);
      expect(await store.putIfAbsent('c/x', text('late'))).toBe(false);
    });

    test('a reader beside writers sees a whole object, old or new', async () => {
      const size = 300_000;
      await store.put('w/x', { bytes: Buffer.alloc(size, 0) });
      let writing = true;
      const writer = (async () => {
        for (let i = 1; i <= 30; i++) await store.put('w/x', { bytes: Buffer.alloc(size + i, i) });
        writing = false;
      })();
      let reads = 0;
      while (writing) {
        const seen = await read(store, 'w/x');
        expect(seen).toHaveLength(size + seen[0]);
        expect(seen.every((b) => b === seen[0])).toBe(true);
        reads++;
      }
      await writer;
      expect(reads).toBeGreaterThan(0);
    });

    test('a large object (20 MiB, several parts) from a file and from bytes, put and putIfAbsent', async () => {
      const bytes = randomBytes(20 * 1024 * 1024 + 17);
      writeFileSync(join(folder, 'large'), bytes);
      await store.put('big/put', { file: join(folder, 'large') });
      expect(await store.putIfAbsent('big/absent', { bytes })).toBe(true);
      expect(await store.putIfAbsent('big/absent', { file: join(folder, 'large') })).toBe(false);
      expect(await store.stat('big/put')).toMatchObject({ size: bytes.length });
      expect(sha(await read(store, 'big/put'))).toBe(sha(bytes));
      expect(sha(await read(store, 'big/absent'))).toBe(sha(bytes));
    });

    test('the url says where, and holds no credentials', () => {
      expect(store.url).toMatch(/^(file|s3):\/\//);
      expect(store.url).not.toContain('secret');
    });
  });
}
