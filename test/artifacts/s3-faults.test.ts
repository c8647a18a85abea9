/** What a proxy or a network does to a request: looked at again before there is a verdict, and named when it stays. */
import { again } from '../../artifacts/again.js';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { S3ObjectStore } from '../../artifacts/object-store-s3.js';
import { openStore } from '../../artifacts/open.js';
import { ContentStore } from '../../artifacts/store.js';
import { CounterRng } from '../../common/philox.js';
import { first, startFaultyProxy, type Fault, type FaultyProxy } from '../support/faulty-proxy.js';
import { startS3ForTest, type StoreS3 } from '../support/s3.js';
import { SERVER_TIMEOUT_MS } from '../support/servers.js';
import { failure, read, text } from './object-store-contract.js';

let server: StoreS3;
let proxy: FaultyProxy;
const root = mkdtempSync(join(tmpdir(), 'habsburg-faults-'));
beforeAll(async () => {
  server = await startS3ForTest(['faults']);
  proxy = await startFaultyProxy(server.options.endpoint);
}, SERVER_TIMEOUT_MS);
afterEach(() => proxy.fault(undefined));
afterAll(async () => {
  await proxy?.stop();
  await server?.stop();
  rmSync(root, { recursive: true, force: true });
});

let made = 0;
const fresh = (url = `s3://faults/p${made++}`) =>
  new ContentStore(new S3ObjectStore(url, { ...server.options, endpoint: proxy.endpoint, stallMs: 300 }));
const is = (method: string) => (q: IncomingMessage) => q.method === method;
const blob = (q: IncomingMessage) => q.method === 'GET' && q.url!.includes('/blobs/');

async function published() {
  const store = fresh();
  const folder = join(root, `in-${made++}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'weights'), Buffer.alloc(200_000, 7));
  writeFileSync(join(folder, 'config.json'), '{"a":1}');
  const ref = await store.publish('model', folder);
  return { store, ref, folder, out: join(root, `out-${made++}`) };
}

describe('on the way', () => {
  test.each<Fault>(['short', 'flipped', 'cut', 'stalled', 'reset', 'not found page', 'log-in page', [503, 'SlowDown']])(
    'one answer to each of two reads is %s: read again',
    async (fault) => {
      const { store, ref, out } = await published();
      proxy.fault(fault, first(2, blob));
      await store.materialise(ref.digest, out);
      expect(readFileSync(join(out, 'weights'))).toHaveLength(200_000);
      expect(proxy.counts.faults).toBe(2);
      proxy.fault(fault, first(2, blob));
      expect(await store.verify(ref.digest)).toMatchObject({ ok: true });
    },
  );

  test('the object stays damaged: the sentence says what will happen, and nobody is told to delete anything', async () => {
    const { store, ref, out } = await published();
    proxy.fault('flipped', blob);
    const { kind, message } = await failure(store.materialise(ref.digest, out));
    expect(kind).toBe('verification');
    expect(message).toMatch(/is damaged in s3:.*done anew/);
    expect(message).not.toMatch(/delete/);
  });

  test('a body that stalls every time is unreachable, not a failure of ours', async () => {
    const { store, ref, out } = await published();
    proxy.fault('stalled', blob);
    expect((await failure(store.materialise(ref.digest, out))).kind).toBe('unreachable');
  });

  test.each<Fault>(['flipped', 'short', 'cut', 'stalled', 'reset', 'log-in page', [500, 'InternalError']])(
    'a small document comes right though an answer is %s, also where the wrong bytes are JSON',
    async (fault) => {
      const store = fresh();
      await store.writeName('runs/a', { loss: 1.234567 });
      proxy.fault(fault, first(2, is('GET')));
      expect(await store.readName('runs/a')).toEqual({ loss: 1.234567 });
      expect(proxy.counts.faults).toBe(2);
    },
  );

  test.each<Fault>(['garbled XML', 'short', 'cut', 'log-in page', 'reset', [500, 'InternalError']])(
    'a listing comes whole though an answer is %s',
    async (fault) => {
      const { objects } = fresh();
      for (const name of ['a', 'b', 'c']) await objects.put(`k/${name}`, text(name));
      proxy.fault(fault, first(2, is('GET')));
      const keys: string[] = [];
      for await (const key of objects.list('k/')) keys.push(key);
      expect(keys).toEqual(['k/a', 'k/b', 'k/c']);
      expect(proxy.counts.faults).toBe(2);
    },
  );

  test.each<Fault>(['garbled XML', 'log-in page', 'not found page'])(
    'a listing that is %s every time is no empty one, and no riddle of the SDK',
    async (fault) => {
      const { objects } = fresh();
      proxy.fault(fault);
      const { kind, message } = await failure(objects.list('k/')[Symbol.asyncIterator]().next());
      expect(kind).toBe('unreachable');
      expect(message).toMatch(/does not answer as an S3 server does/);
      expect(message).not.toMatch(/Unknown|Deserialization|\n/);
    },
    60_000,
  );

  test('an answer with a header that cannot be read is asked for again', async () => {
    const { objects } = fresh();
    await objects.put('x', text('1'));
    proxy.fault('no date', first(2));
    expect(await objects.stat('x')).toMatchObject({ size: 1 });
    proxy.fault('no date', first(2));
    expect((await read(objects, 'x')).toString()).toBe('1');
  });

  test('a server that always fails is given up once, not once for every look', async () => {
    const { objects } = fresh();
    await objects.put('x', text('1'));
    proxy.fault([500, 'InternalError'], is('GET'));
    const { kind, message } = await failure(again('reading x', () => objects.read('x', 10)));
    expect([kind, message]).toEqual(['unreachable', expect.stringMatching(/cannot be reached/)]);
    expect(proxy.counts.faults).toBe(8);
  }, 60_000);

  test('what is not there is asked for once', async () => {
    const { objects } = fresh();
    proxy.fault(undefined);
    expect(await objects.stat('nothing')).toBeUndefined();
    expect(proxy.counts.requests).toBe(1);
  });

  test('a server whose ETag is no MD5 is believed when it says the same twice', async () => {
    const objects = fresh().objects;
    await objects.put('x', text('same'));
    // every answer is changed in the same way: as an encrypting server's tag would look to us
    proxy.fault('flipped', is('GET'));
    expect((await objects.read('x', 100)).toString()).toBe('sale');
    expect(proxy.counts.requests).toBe(2);
    await objects.read('x', 100);
    expect(proxy.counts.requests).toBe(3);
  });

  test.each<Fault>([[400, 'IncompleteBody'], [400, 'RequestTimeout'], [403, 'SignatureDoesNotMatch'], 'reset', 'unheard'])(
    'a write whose first answer is %j is done',
    async (fault) => {
      const { objects } = fresh();
      proxy.fault(fault, first(1, is('PUT')));
      await objects.put('x', text('1'));
      expect((await read(objects, 'x')).toString()).toBe('1');
    },
  );

  test('one request in five is lost: three hundred operations, all done', async () => {
    const { objects } = fresh();
    const rng = new CounterRng({ seed: 5, generation: 0, member: 'test', step: 'resets' });
    let n = 0;
    proxy.fault('reset', () => rng.uniform(n++) < 0.2);
    const one = async (i: number) => {
      await objects.put(`k/${i}`, text(String(i)));
      expect((await read(objects, `k/${i}`)).toString()).toBe(String(i));
      expect(await objects.stat(`k/${i}`)).toMatchObject({ size: String(i).length });
    };
    for (let i = 0; i < 100; i += 10) await Promise.all(Array.from({ length: 10 }, (_, j) => one(i + j)));
    expect(proxy.counts.faults).toBeGreaterThan(40);
  }, 60_000);

  test('a large object whose parts are reset, and whose last answer is lost', async () => {
    const { objects } = fresh();
    const bytes = Buffer.alloc(20 << 20, 3);
    proxy.fault(
      'reset',
      first(2, (q) => q.url!.includes('partNumber')),
    );
    await objects.put('parts', { bytes });
    proxy.fault(
      'unheard',
      first(1, (q) => q.method === 'POST' && q.url!.includes('uploadId')),
    );
    await objects.put('complete', { bytes });
    for (const key of ['parts', 'complete']) expect(await objects.stat(key)).toMatchObject({ size: bytes.length });
  }, 60_000);
});

describe('what a store cannot, or will not', () => {
  test('If-None-Match is not known (501): written without it, and still not over what is there', async () => {
    const store = fresh();
    proxy.fault([501, 'NotImplemented'], (q) => q.headers['if-none-match'] !== undefined);
    expect(await store.writeName('leases/x', { a: 1 }, { ifAbsent: true })).toBe(true);
    expect(await store.writeName('leases/x', { a: 2 }, { ifAbsent: true })).toBe(false);
    expect(await store.readName('leases/x')).toEqual({ a: 1 });
    expect(proxy.counts.faults).toBe(1);
  });

  test.each<[Fault, string, RegExp]>([
    [[403, 'RequestTimeTooSkewed'], 'invalid', /clock/],
    [[400, 'ExpiredToken'], 'invalid', /have expired \(ExpiredToken\).*aws sso login/],
    [[403, 'AccessDenied'], 'invalid', /refuses access \(AccessDenied\)/],
    [[501, 'NotImplemented'], 'invalid', /does not know this call/],
    ['log-in page', 'unreachable', /does not answer as an S3 server does/],
  ])('%j by every call, HEAD among them, is named', async (fault, kind, sentence) => {
    const { objects } = fresh();
    proxy.fault(fault);
    for (const call of [() => objects.stat('x'), () => objects.put('x', text('1')), () => objects.get('x')]) {
      const told = await failure(call());
      expect(told.kind).toBe(kind);
      expect(told.message).toMatch(sentence);
      expect(told.message).not.toMatch(/Unknown/);
    }
  });

  test('access refused once is asked again', async () => {
    const { objects } = fresh();
    await objects.put('x', text('1'));
    proxy.fault([403, 'AccessDenied'], first(1));
    expect((await read(objects, 'x')).toString()).toBe('1');
    proxy.fault([403, 'AccessDenied'], first(2, is('HEAD')));
    expect(await objects.stat('x')).toMatchObject({ size: 1 });
    expect(await objects.stat('y')).toBeUndefined();
  });
});

describe('how it is addressed', () => {
  const withEnvironment = async <T>(values: Record<string, string>, work: () => Promise<T>): Promise<T> => {
    const before = { ...process.env };
    Object.assign(process.env, values);
    try {
      return await work();
    } finally {
      process.env = before;
    }
  };
  const credentials = () => server.options.credentials;

  test('an endpoint without a scheme, or with credentials in it, is refused before anything is sent', async () => {
    for (const [endpoint, sentence] of [
      ['127.0.0.1:9000', /AWS_ENDPOINT_URL_S3 is "127.0.0.1:9000"; write http:\/\//],
      ['localhost:9000', /write http:\/\//],
      ['http://key:hunter2@127.0.0.1:9000', /AWS_ENDPOINT_URL_S3 holds credentials/],
    ] as const) {
      const { kind, message } = await withEnvironment({ AWS_ENDPOINT_URL_S3: endpoint }, () =>
        failure((async () => openStore('s3://bucket'))()),
      );
      expect(kind).toBe('invalid');
      expect(message).toMatch(sentence);
      expect(message).not.toContain('hunter2');
    }
  });

  test.each([
    ['s3://My_Bucket', /a bucket is named with 3 to 63 lower-case letters/],
    ['s3://ab', /3 to 63/],
    ['s3://a..b', /a bucket is named/],
    ['s3:///prefix', /names no bucket/],
    ['s3://127.0.0.1:9000/bucket', /AWS_ENDPOINT_URL_S3/],
    ['s3://key:secret@bucket', /credentials belong/],
  ])('%s: what is wrong with it is said', async (url, sentence) => {
    const { kind, message } = await failure((async () => openStore(url))());
    expect(kind).toBe('invalid');
    expect(message).toMatch(sentence);
    expect(message).not.toContain('secret@');
  });

  test("the profile's endpoint_url is addressed by path, for its sentences too", async () => {
    const { accessKeyId, secretAccessKey } = credentials();
    const file = join(root, 'aws-config');
    writeFileSync(
      file,
      `[profile lab]\nregion = us-east-1\nendpoint_url = ${proxy.endpoint.replace('127.0.0.1', 'localhost')}\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
    );
    await withEnvironment(
      { AWS_CONFIG_FILE: file, AWS_SHARED_CREDENTIALS_FILE: join(root, 'none'), AWS_PROFILE: 'lab' },
      async () => {
        const store = openStore(`s3://faults/profile${made++}`);
        await store.put('x', text('by profile'));
        expect((await read(store, 'x')).toString()).toBe('by profile');
        proxy.fault([403, 'AccessDenied']);
        expect((await failure(store.get('x'))).message).toContain('http://localhost:');
      },
    );
  });
});
