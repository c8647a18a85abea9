import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { S3ObjectStore } from '../../artifacts/object-store-s3.js';
import { openStore } from '../../artifacts/open.js';
import { s3Error } from '../../artifacts/s3-errors.js';
import { ContentStore } from '../../artifacts/store.js';
import { systemPort } from '../../infra/ports.js';
import { startS3ForTest, type StoreS3 } from '../support/s3.js';
import { SERVER_TIMEOUT_MS } from '../support/servers.js';
import { failure, keys, objectStoreContract, read, text } from './object-store-contract.js';

let server: StoreS3;
beforeAll(async () => {
  server = await startS3ForTest(['contract', 'other']);
}, SERVER_TIMEOUT_MS);
afterAll(() => server?.stop());

objectStoreContract('s3://', async () => openStore('s3://contract/some/prefix', { s3: server.options }));

describe('s3 store', () => {
  test('a prefix keeps stores of one bucket apart', async () => {
    const a = openStore('s3://other/a', { s3: server.options });
    const ab = openStore('s3://other/ab/', { s3: server.options });
    const all = openStore('s3://other', { s3: server.options });
    await a.put('x', text('a'));
    await ab.put('x', text('ab'));
    expect((await read(a, 'x')).toString()).toBe('a');
    expect(await keys(a, '')).toEqual(['x']);
    expect(await keys(all, '')).toEqual(['a/x', 'ab/x']);
    expect(ab.url).toBe('s3://other/ab');
  });

  test('moves an object in parts where it is too large for one call', async () => {
    const store = new S3ObjectStore('s3://other/parts', { ...server.options, copyPart: 5 * 2 ** 20 });
    const bytes = Buffer.alloc(11 * 2 ** 20, 'abcdefghijk');
    await store.put('from', { bytes });
    expect(await store.move('from', 'to')).toBe(true);
    expect((await read(store, 'to')).equals(bytes)).toBe(true);
    expect(await keys(store, '')).toEqual(['to']);
  });

  test('lists more keys than a page holds, in order', async () => {
    const store = openStore('s3://other/many', { s3: server.options });
    const expected = Array.from({ length: 1005 }, (_, i) => `k/${String(i).padStart(5, '0')}`);
    for (let i = 0; i < expected.length; i += 50)
      await Promise.all(expected.slice(i, i + 50).map((key) => store.put(key, text(''))));
    expect(await keys(store, 'k/')).toEqual(expected);
  });

  test('the environment names endpoint, region and credentials', async () => {
    const before = { ...process.env };
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_S3: server.options.endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: server.options.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.options.credentials.secretAccessKey,
    });
    try {
      const store = openStore('s3://other/env');
      await store.put('x', text('by environment'));
      expect((await read(store, 'x')).toString()).toBe('by environment');
    } finally {
      for (const name of ['AWS_ENDPOINT_URL_S3', 'AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    }
  });

  test('a missing bucket is notFound and says how to make it', async () => {
    const store = openStore('s3://not-there', { s3: server.options });
    for (const attempt of [() => store.put('x', text('1')), () => store.get('x'), () => keys(store, '')]) {
      expect(await failure(attempt())).toMatchObject({
        kind: 'notFound',
        message: expect.stringContaining('aws s3 mb s3://not-there'),
      });
    }
  });

  test('wrong credentials are invalid, say what to set, and are not repeated', async () => {
    const as = (accessKeyId: string) =>
      openStore('s3://other', { s3: { ...server.options, credentials: { accessKeyId, secretAccessKey: 'hunter2-hunter2' } } });
    const [stranger, liar] = [as('somebody'), as(server.options.credentials.accessKeyId)];
    const attempts = [
      () => stranger.put('x', text('1')),
      () => stranger.get('x'),
      () => keys(stranger, ''),
      () => liar.put('x', text('1')),
      () => liar.get('x'),
      () => liar.stat('x'),
      () => keys(liar, ''),
    ];
    for (const attempt of attempts) {
      const { kind, message } = await failure(attempt());
      expect(kind).toBe('invalid');
      expect(message).toContain('AWS_ACCESS_KEY_ID');
      expect(message).not.toContain('somebody');
      expect(message).not.toContain('hunter2');
    }
  });

  test('an unreachable server is unreachable, within seconds, for every method', async () => {
    const endpoint = `http://127.0.0.1:${await systemPort()}`;
    const store = openStore('s3://other', { s3: { ...server.options, endpoint } });
    const attempts = [
      () => store.put('x', text('1')),
      () => store.get('x'),
      () => store.stat('x'),
      () => keys(store, ''),
      () => store.delete('x'),
      () => store.put('big', { bytes: Buffer.alloc(9 << 20) }),
    ];
    for (const attempt of attempts) {
      expect(await failure(attempt())).toMatchObject({ kind: 'unreachable', message: expect.stringContaining(endpoint) });
    }
  }, 20_000);

  test(
    'a server that dies in the middle of a download is unreachable, and nothing half-written stays',
    async () => {
      const dying = await startS3ForTest(['dying']);
      const root = mkdtempSync(join(tmpdir(), 'habsburg-dying-'));
      try {
        const objects = openStore('s3://dying', { s3: dying.options });
        const store = new ContentStore(objects);
        mkdirSync(join(root, 'in'));
        writeFileSync(join(root, 'in', 'large'), Buffer.alloc(64 << 20, 3));
        const ref = await store.publish('model', join(root, 'in'));
        const get = objects.get.bind(objects);
        let downloads = 0;
        objects.get = async (key) => {
          const stream = await get(key);
          // the second read is the file; what the sockets hold already is far less than 64 MiB
          if (++downloads === 2) process.kill(dying.pid, 'SIGKILL');
          return stream;
        };
        expect((await failure(store.materialise(ref.digest, join(root, 'out')))).kind).toBe('unreachable');
        expect(downloads).toBe(2);
        expect(readdirSync(root)).toEqual(['in']);
      } finally {
        await dying.stop();
        rmSync(root, { recursive: true, force: true });
      }
    },
    SERVER_TIMEOUT_MS,
  );

  test('a malformed url is refused without repeating it', async () => {
    for (const url of ['s3://key:secret@bucket/x', 's3://', 's3://UPPER', 's3:bucket', 's3://bucket/../x']) {
      const { kind, message } = await failure((async () => openStore(url))());
      expect(kind).toBe('invalid');
      expect(message).not.toContain('secret');
    }
  });

  test.each([
    [{ name: 'QuotaExceeded', $metadata: { httpStatusCode: 400 } }, 'resources'],
    [{ name: 'X', $metadata: { httpStatusCode: 507 } }, 'resources'],
    [{ name: 'SlowDown', $metadata: { httpStatusCode: 503 } }, 'unreachable'],
    [{ name: 'Error', message: 'aborted', code: 'ECONNRESET' }, 'unreachable'],
    [{ name: 'PermanentRedirect', $metadata: { httpStatusCode: 301 } }, 'invalid'],
    [{ name: 'CredentialsProviderError', message: 'Could not load credentials' }, 'invalid'],
    [{ name: 'Odd', message: 'something else', $metadata: { httpStatusCode: 400 } }, 'failed'],
  ])('%j is %s', (error, kind) => {
    const mapped = s3Error(error, 'reading x from s3://b', { bucket: 'b', endpoint: 'http://user:pw@host' });
    expect(mapped.kind).toBe(kind);
    expect(mapped.message).toMatch(/^reading x from s3:\/\/b: /);
    expect(mapped.message).not.toContain('pw');
    expect(mapped.cause).toBeUndefined();
  });
});
