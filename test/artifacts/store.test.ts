import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { blobKey } from '../../artifacts/keys.js';
import { openArtifactStore } from '../../artifacts/open.js';
import type { ArtifactStore } from '../../artifacts/types.js';
import { sha256, type Digest } from '../../common/canonical.js';
import { startS3ForTest, type StoreS3 } from '../support/s3.js';
import { SERVER_TIMEOUT_MS } from '../support/servers.js';
import { failure, keys } from './object-store-contract.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-store-'));
let server: StoreS3;
beforeAll(async () => {
  server = await startS3ForTest(['store']);
}, SERVER_TIMEOUT_MS);
afterAll(async () => {
  await server?.stop();
  rmSync(root, { recursive: true, force: true });
});

let made = 0;
/** A folder with these files. */
function folderWith(files: Record<string, string | Uint8Array>): string {
  const folder = join(root, `in-${made++}`);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

/** Each kind of store, and where its objects lie on this disk, so that a test can damage them. */
const kinds: [
  string,
  () => { store: ArtifactStore; path: (key: string) => string; open: (cacheDir: string) => ArtifactStore },
][] = [
  [
    'file://',
    () => {
      const url = join(root, `file-${made++}`);
      return {
        store: openArtifactStore(url),
        path: (key) => join(url, key),
        open: (cacheDir) => openArtifactStore(url, { cacheDir }),
      };
    },
  ],
  [
    's3://',
    () => {
      const prefix = `p${made++}`;
      const url = `s3://store/${prefix}`;
      const s3 = server.options;
      return {
        store: openArtifactStore(url, { s3 }),
        path: (key) => join(server.folder, 'store', prefix, key),
        open: (cacheDir) => openArtifactStore(url, { s3, cacheDir }),
      };
    },
  ],
];

describe.each(kinds)('artifacts over %s', (_name, make) => {
  const files = { 'model.safetensors': Buffer.alloc(70_000, 7), 'tokenizer.json': '{"a":1}', 'sub/notes.txt': 'text\n' };

  test('an artifact is named by the SHA-256 of its manifest, its files by theirs, as sha256sum says', async () => {
    const { store, path } = make();
    const ref = await store.publish('model', folderWith(files), { parameters: 3 });
    const bytes = readFileSync(path(blobKey(ref.digest)));
    expect(`sha256:${execFileSync('sha256sum', { input: bytes }).toString().slice(0, 64)}`).toBe(ref.digest);
    // written out by hand: keys sorted, no white space, files in path order
    const hex = (content: string | Uint8Array) => `sha256:${createHash('sha256').update(content).digest('hex')}`;
    expect(bytes.toString()).toBe(
      `{"facts":{"parameters":3},"files":[{"digest":"${hex(files['model.safetensors'])}","path":"model.safetensors","size":70000},` +
        `{"digest":"${hex('text\n')}","path":"sub/notes.txt","size":5},{"digest":"${hex('{"a":1}')}","path":"tokenizer.json","size":7}],` +
        `"kind":"model","schema":"habsburg.artifact/v1"}`,
    );
    expect(ref).toEqual({ kind: 'model', digest: ref.digest, size: 70_012 });
    expect(await keys(store.objects, 'blobs/')).toEqual(
      [ref.digest, hex(files['model.safetensors']), hex('text\n'), hex('{"a":1}')].map((d) => blobKey(d as Digest)).sort(),
    );
  });

  test('equal content has one name and is sent once; it comes back as it was', async () => {
    const { store, path } = make();
    const first = await store.publish('model', folderWith(files));
    const stamp = '1999-01-01T00:00:00Z';
    for await (const key of store.objects.list('blobs/')) execFileSync('touch', ['-d', stamp, path(key)]);
    expect(await store.publish('model', folderWith(files))).toEqual(first);
    for await (const key of store.objects.list('blobs/'))
      expect(
        execFileSync('stat', ['-c', '%Y', path(key)])
          .toString()
          .trim(),
      ).toBe(String(Date.parse(stamp) / 1000));
    const out = join(root, `out-${made++}`);
    const manifest = await store.materialise(first.digest, out);
    expect(manifest.files.map((f) => f.path)).toEqual(['model.safetensors', 'sub/notes.txt', 'tokenizer.json']);
    for (const [file, content] of Object.entries(files))
      expect(readFileSync(join(out, file)).equals(Buffer.from(content))).toBe(true);
    expect((await store.readFile(first.digest, 'tokenizer.json')).toString()).toBe('{"a":1}');
    expect(await failure(store.readFile(first.digest, 'nope'))).toMatchObject({
      kind: 'notFound',
      message: expect.stringContaining('tokenizer.json'),
    });
    expect((await store.verify(first.digest)).ok).toBe(true);
  });

  const damages: [string, (path: string) => void, RegExp, boolean][] = [
    [
      'a flipped bit',
      (p) => {
        const b = readFileSync(p);
        b[b.length >> 1] ^= 1;
        writeFileSync(p, b);
      },
      /damaged/,
      false,
    ],
    ['a truncated blob', (p) => truncateSync(p, 100), /damaged/, true],
    ['appended bytes', (p) => writeFileSync(p, Buffer.concat([readFileSync(p), Buffer.from('x')])), /damaged/, true],
    ['a missing blob', (p) => rmSync(p), /is not in/, true],
  ];
  test.each(damages)(
    '%s: named, refused by every reader, nothing half-written, healed by publishing again',
    async (_what, damage, message, shallow) => {
      const { store, path } = make();
      const ref = await store.publish('model', folderWith(files));
      damage(path(blobKey(sha256(files['model.safetensors']))));
      const out = join(root, `out-${made++}`, 'model');
      const error = await failure(store.materialise(ref.digest, out));
      expect(error.kind).toBe(message.source === 'damaged' ? 'verification' : 'notFound');
      expect(error.message).toMatch(message);
      expect(error.message).toContain('model.safetensors');
      expect(error.message).toContain(ref.digest);
      expect(existsSync(out)).toBe(false);
      expect(readdirSync(dirname(out))).toEqual([]);
      expect((await failure(store.readFile(ref.digest, 'model.safetensors'))).kind).toBe(error.kind);
      expect(await store.verify(ref.digest)).toMatchObject({ ok: false, problem: expect.stringContaining('model.safetensors') });
      expect((await store.verify(ref.digest, { deep: false })).ok).toBe(!shallow);
      expect((await store.verify(ref.digest, { deepBelow: 70_000 })).ok).toBe(!shallow);
      expect((await store.verify(ref.digest, { deepBelow: 70_001 })).ok).toBe(false);
      expect(await store.publish('model', folderWith(files))).toEqual(ref);
      expect((await store.verify(ref.digest)).ok).toBe(true);
    },
  );

  test('however many files are damaged, publishing again replaces all of them, by whoever publishes', async () => {
    const { store, path, open } = make();
    const ref = await store.publish('model', folderWith(files));
    const flip = (key: string) => {
      const bytes = readFileSync(path(key));
      bytes[bytes.length >> 1] ^= 1;
      writeFileSync(path(key), bytes);
    };
    for await (const key of store.objects.list('blobs/')) flip(key);
    // another process, which has not seen any of them
    const other = open(join(root, `cache-${made++}`));
    expect(await other.publish('model', folderWith(files))).toEqual(ref);
    for await (const key of store.objects.list('blobs/')) expect(`${blobKey(sha256(readFileSync(path(key))))}`).toBe(key);
    // a large file is believed by its size, unless there is a reason for doubt
    flip(blobKey(sha256(files['model.safetensors'])));
    await other.publish('model', folderWith(files), {}, { hashBelow: 70_000 });
    expect((await store.verify(ref.digest)).ok).toBe(false);
    await other.publish('model', folderWith(files), {}, { hashBelow: Infinity });
    expect((await store.verify(ref.digest)).ok).toBe(true);
  });

  test('a damaged manifest is refused before any file is read', async () => {
    const { store, path } = make();
    const ref = await store.publish('scores', folderWith({ 'scores.json': '{}' }));
    const manifest = path(blobKey(ref.digest));
    writeFileSync(manifest, readFileSync(manifest).toString().replace('scores.json', 'scores.jso_'));
    expect(await failure(store.manifest(ref.digest))).toMatchObject({
      kind: 'verification',
      message: expect.stringContaining(ref.digest),
    });
    expect((await store.verify(ref.digest, { deep: false })).ok).toBe(false);
  });

  test('a digest that names nothing, or is none', async () => {
    const { store } = make();
    const digest = sha256('nothing');
    expect(await failure(store.materialise(digest, join(root, `out-${made++}`)))).toMatchObject({
      kind: 'notFound',
      message: expect.stringContaining(digest),
    });
    expect(await store.verify(digest)).toMatchObject({ ok: false });
    expect((await failure(store.manifest('sha256:../../etc/passwd' as Digest))).kind).toBe('invalid');
  });

  test('a hostile manifest, correctly named, cannot lead outside the folder', async () => {
    const { store } = make();
    const digest = sha256('');
    const entry = (path: unknown) => ({ path, digest, size: 0 });
    const manifests: unknown[] = [
      ...['../up', '/abs', 'a/../../b', 'a//b', '', '.', 'a\\b', 'a\u0000b', 3].map((path) => ({
        schema: 'habsburg.artifact/v1',
        kind: 'model',
        files: [entry(path)],
        facts: {},
      })),
      { schema: 'habsburg.artifact/v1', kind: 'model', files: [entry('b'), entry('a')], facts: {} },
      { schema: 'habsburg.artifact/v1', kind: 'model', files: [entry('a'), entry('a')], facts: {} },
      { schema: 'habsburg.artifact/v1', kind: '../weapon', files: [], facts: {} },
      { schema: 'habsburg.artifact/v2', kind: 'model', files: [], facts: {} },
      { schema: 'habsburg.artifact/v1', kind: 'model', files: [{ path: 'a', digest, size: -1 }], facts: {} },
      null,
    ];
    for (const manifest of manifests) {
      const bytes = Buffer.from(JSON.stringify(manifest));
      await store.objects.put(blobKey(sha256(bytes)), { bytes });
      const out = join(root, `out-${made++}`);
      expect((await failure(store.materialise(sha256(bytes), out))).kind).toBe('verification');
      expect(existsSync(out)).toBe(false);
    }
  });

  test('the cache serves a second reader without the store, and is not believed when damaged', async () => {
    const { store, path, open } = make();
    const ref = await store.publish('model', folderWith(files));
    const cacheDir = join(root, `cache-${made++}`);
    await open(cacheDir).materialise(ref.digest, join(root, `out-${made++}`));
    const blob = sha256(files['model.safetensors']);
    const hex = blob.slice(7);
    const cached = join(cacheDir, hex.slice(0, 2), hex);
    rmSync(path(blobKey(blob)));
    const out = join(root, `out-${made++}`);
    await open(cacheDir).materialise(ref.digest, out);
    expect(readFileSync(join(out, 'model.safetensors')).equals(files['model.safetensors'])).toBe(true);
    writeFileSync(cached, 'damaged');
    expect((await failure(open(cacheDir).materialise(ref.digest, join(root, `out-${made++}`)))).kind).toBe('notFound');
    await store.publish('model', folderWith(files));
    await open(cacheDir).materialise(ref.digest, join(root, `out-${made++}`));
    expect(sha256(readFileSync(cached))).toBe(blob);
  });

  test('names: small documents that are replaced, kept if asked, listed and deleted', async () => {
    const { store, path } = make();
    expect(await store.readName('runs/a')).toBeUndefined();
    expect(await store.writeName('runs/a', { n: 1, s: 'ü' })).toBe(true);
    expect(await store.writeName('runs/a', { n: 2 }, { ifAbsent: true })).toBe(false);
    expect(await store.readName('runs/a')).toEqual({ n: 1, s: 'ü' });
    await store.writeName('runs/a', { n: 3 });
    await store.writeName('runs/b/c', []);
    await store.writeName('other', 0);
    expect(await store.readName('runs/a')).toEqual({ n: 3 });
    const names: string[] = [];
    for await (const name of store.listNames('runs/')) names.push(name);
    expect(names).toEqual(['runs/a', 'runs/b/c']);
    writeFileSync(path('names/runs/a.json'), '{"n":');
    expect(await failure(store.readName('runs/a'))).toMatchObject({
      kind: 'verification',
      message: expect.stringContaining('names/runs/a.json'),
    });
    const shape = z.object({ n: z.number() });
    for (const [content, what] of [
      ['null', /is damaged: .*received null/],
      ['[]', /is damaged/],
      ['{"n":"1"}', /is damaged: n: /],
      ['', /is not JSON/],
      ['\u0000\u0000', /is not JSON/],
    ] as const) {
      writeFileSync(path('names/runs/a.json'), content);
      const told = await failure(store.readName('runs/a', shape));
      expect(told.kind).toBe('verification');
      expect(told.message).toMatch(what);
      expect(told.message).not.toMatch(/delete/);
    }
    await store.deleteName('runs/a');
    expect(await store.readName('runs/a')).toBeUndefined();
    expect((await failure(store.writeName('../blobs/x', 1))).kind).toBe('invalid');
  });
});

describe('folders', () => {
  test('a link in a folder to publish is refused; so is a missing folder; a full target folder is left alone', async () => {
    const store = openArtifactStore(join(root, `file-${made++}`));
    const folder = folderWith({ a: '1' });
    symlinkSync('/etc/passwd', join(folder, 'b'));
    expect(await failure(store.publish('dataset', folder))).toMatchObject({
      kind: 'invalid',
      message: expect.stringContaining(join(folder, 'b')),
    });
    expect((await failure(store.publish('dataset', join(root, 'missing')))).kind).toBe('notFound');
    const ref = await store.publish('dataset', folderWith({ a: '1' }));
    const full = folderWith({ mine: 'keep' });
    expect((await failure(store.materialise(ref.digest, full))).kind).toBe('invalid');
    expect(readdirSync(full)).toEqual(['mine']);
  });
});
