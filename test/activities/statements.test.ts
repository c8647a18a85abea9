/** What a step that reads from outside leaves: its sources down to the bytes, what is claimed of them, and statements that heal. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { keepSource } from '../../artifacts/source.js';
import { blobKey } from '../../artifacts/keys.js';
import { openArtifactStore } from '../../artifacts/open.js';
import { parseStatement, type StepFacts } from '../../artifacts/statement.js';
import { readStatement, statementKey, statementsAbout } from '../../artifacts/statements.js';
import { stepName } from '../../artifacts/step-record.js';
import { prepareActivity } from '../../activities/prepare.js';
import type { ActivityDependencies, PrepareInput, StepResult } from '../../activities/types.js';
import { sha256, type Digest } from '../../common/canonical.js';
import { writeIdxImages } from '../../data/idx.js';
import type { SourceClaim } from '../../spec/source-claims.js';
import { failure } from '../artifacts/object-store-contract.js';
import { asActivity } from '../support/activity.js';
import { signer } from '../support/signer.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-statements-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let made = 0;
/** A store, and the preparation of four images of one pixel. */
async function place() {
  const folder = join(root, `store-${made++}`);
  const store = openArtifactStore(folder);
  const images = join(root, `images-${made++}`);
  await writeIdxImages(images, { count: 4, height: 1, width: 1, pixels: Uint8Array.of(1, 2, 3, 4) });
  const source = `file:${images}`;
  const code = { version: '0', digest: sha256('code') };
  const prepare = (claims?: readonly SourceClaim[], by = code, attempt = 1): Promise<StepResult> => {
    const deps = { openStore: () => store, code: by, signer, scratch: join(root, 'scratch') } as unknown as ActivityDependencies;
    const input = {
      kind: 'images',
      place: { store: '', seed: 0, generation: 0, member: '', checkpointSeconds: 60 },
      data: { train: source, heldOut: { valid: 0.25, test: 0.25 }, limit: {} },
      claims,
    };
    return asActivity(() => prepareActivity(deps)(input as unknown as PrepareInput), attempt);
  };
  const about = async (name: string) => {
    const digests: Digest[] = [];
    for await (const digest of statementsAbout(store, name)) digests.push(digest);
    return Promise.all(digests.map(async (digest) => (await readStatement(store, name, digest)).value));
  };
  const steps = async (key: Digest): Promise<StepFacts[]> =>
    (await about(stepName(key))).map((statement) => parseStatement(statement, 'here'));
  return { folder, store, images, source, code, prepare, about, steps };
}
/** 0 0 8 3, then 4, 1 and 1 in four bytes each, then the pixels */
const IDX = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4);

test('the statement names each source, whose artifact holds its bytes; nothing names the folder they lay in', async () => {
  const { folder, store, prepare, steps } = await place();
  const { key, outputs } = await prepare();
  const [stated] = await steps(key);
  expect(stated.code.digest).toBe(sha256('code'));
  for (const [name, ref] of Object.entries(outputs))
    expect(stated.outputs[name]).toEqual({ ...ref, files: (await store.manifest(ref.digest)).files });
  expect(Object.keys(stated.sources)).toEqual(['train']);
  const { digest } = stated.sources.train;
  expect(await store.manifest(digest)).toEqual({
    schema: 'habsburg.artifact/v1',
    kind: 'source',
    files: [{ path: 'images', digest: sha256(IDX), size: 20 }],
    facts: {},
  });
  expect(readFileSync(join(folder, blobKey(sha256(IDX))))).toEqual(Buffer.from(IDX));
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) expect(readFileSync(join(entry.parentPath, entry.name), 'latin1')).not.toContain(root);
});

test('what is claimed is stated of the source, once by who says the same; another claim computes nothing', async () => {
  const { source, images, prepare, steps, about } = await place();
  const { key } = await prepare();
  const [{ sources }] = await steps(key);
  const of = `sources/${sources.train.digest.slice(7)}`;
  const claim = { source, name: 'Four', licence: 'CC0-1.0', uri: 'https://data.example/four' };
  expect(await prepare([claim])).toMatchObject({ key, cached: true });
  expect(await prepare([claim])).toMatchObject({ key, cached: true });
  const hex = sha256(IDX).slice(7);
  const stated = (predicate: object) => ({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [
      { name: 'source', digest: { sha256: of.slice(8) }, annotations: { kind: 'source', size: 20 } },
      { name: 'source/images', digest: { sha256: hex }, annotations: { fileOf: 'source', size: 20 } },
    ],
    predicateType: 'https://habsburg.example/lineage/v1/source',
    predicate,
  });
  const all = await about(of);
  expect(all).toHaveLength(2);
  expect(all).toContainEqual(stated({ name: images.split('/').at(-1), kept: true }));
  expect(all).toContainEqual(stated({ name: 'Four', licence: 'CC0-1.0', uri: 'https://data.example/four', kept: true }));
  expect(await steps(key)).toHaveLength(1);
});

test('what an earlier attempt of the same activity published is told as computed, once more or thrice', async () => {
  const { prepare, steps } = await place();
  const { key } = await prepare(undefined, undefined, 2);
  // its worker was lost before the server heard of it
  expect(await prepare(undefined, undefined, 3)).toMatchObject({ key, cached: false });
  expect(await prepare(undefined, undefined, 10)).toMatchObject({ key, cached: false });
  expect(await prepare(undefined, undefined, 2)).toMatchObject({ key, cached: true });
  expect(await prepare(undefined, undefined, 1)).toMatchObject({ key, cached: true });
  expect(await steps(key)).toHaveLength(1);
});

test('a source that is not to be kept is named down to its files, whose bytes stay where they are', async () => {
  const { folder, store, source, prepare, steps, about } = await place();
  const { key } = await prepare([{ source, keep: false }]);
  const [{ sources }] = await steps(key);
  expect((await store.manifest(sources.train.digest)).files).toEqual([{ path: 'images', digest: sha256(IDX), size: 20 }]);
  expect(readdirSync(folder, { recursive: true })).not.toContain(blobKey(sha256(IDX)));
  expect(await about(`sources/${sources.train.digest.slice(7)}`)).toEqual([
    expect.objectContaining({ predicate: expect.objectContaining({ kept: false }) }),
  ]);
  // as its bytes come in later, they are the same artifact's
  await prepare([{ source }]);
  expect(await store.verify(sources.train.digest)).toMatchObject({ ok: true });
});

test('a file that is written to between its reading and its keeping is not kept as what was read', async () => {
  const { folder, store, images } = await place();
  const files = [{ path: 'images', digest: sha256(IDX), size: 20, source: { file: images } }];
  writeFileSync(images, 'other');
  expect(await failure(keepSource(store, files, { name: 'images' }, signer))).toMatchObject({
    kind: 'invalid',
    message: `${images} was written to while it was read; run again when it is whole`,
  });
  expect(existsSync(join(folder, blobKey(sha256(IDX))))).toBe(false);
});

test('damage of a source, of its manifest and of what is claimed heals with the next step that reads it', async () => {
  const { folder, store, prepare, steps } = await place();
  const { key } = await prepare();
  const [{ sources }] = await steps(key);
  const { digest } = sources.train;
  const claims = join(folder, 'statements/sources', digest.slice(7));
  const paths = [
    join(folder, blobKey(sha256(IDX))),
    join(folder, blobKey(digest)),
    ...readdirSync(claims).map((name) => join(claims, name)),
  ];
  const before = paths.map((path) => readFileSync(path));
  for (const [i, path] of paths.entries()) {
    const bytes = Buffer.from(before[i]);
    bytes[bytes.length >> 1] ^= 1;
    writeFileSync(path, bytes);
  }
  expect(await prepare()).toMatchObject({ cached: true });
  expect(paths.map((path) => readFileSync(path))).toEqual(before);
  expect(await store.verify(digest)).toMatchObject({ ok: true });
});

test('a step whose statement is damaged is done again, unless another says the same; each says what code made it', async () => {
  const { folder, prepare, steps, code } = await place();
  const { key, outputs } = await prepare();
  const names = () => readdirSync(join(folder, 'statements', stepName(key)));
  const [first] = names();
  const spoil = (name: string) => writeFileSync(join(folder, statementKey(stepName(key), `sha256:${name.slice(0, 64)}`)), '{}');
  spoil(first);
  const newer = { ...code, digest: sha256('newer code') };
  expect(await prepare(undefined, newer)).toEqual(expect.objectContaining({ key, cached: false, outputs }));
  // what could not be read is gone; the one that there is names the code that did it
  expect(names()).not.toContain(first);
  expect((await steps(key)).map(({ code }) => code.digest)).toEqual([sha256('newer code')]);

  // a second, by whoever did it at the same time: the step is believed while one of them can be
  const [second] = names();
  rmSync(join(folder, `names/${stepName(key)}.json`));
  await prepare();
  expect((await steps(key)).map(({ code }) => code.digest).sort()).toEqual([sha256('code'), sha256('newer code')].sort());
  const third = names().find((name) => name !== second)!;
  spoil(third);
  expect(await prepare()).toMatchObject({ cached: true });
  spoil(second);
  expect(await prepare()).toMatchObject({ cached: false });
});
