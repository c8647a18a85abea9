import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { clearCheckpoint, loadCheckpoint, saveCheckpoint } from '../../artifacts/checkpoints.js';
import { blobKey } from '../../artifacts/keys.js';
import { openArtifactStore } from '../../artifacts/open.js';
import { findStep, readStep, stepName, writeStep } from '../../artifacts/step-record.js';
import type { ArtifactStore, ObjectSource, ObjectStore } from '../../artifacts/types.js';
import { ContentStore } from '../../artifacts/store.js';
import { sha256 } from '../../common/canonical.js';
import { failure, keys } from './object-store-contract.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-steps-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let made = 0;
function folderWith(files: Record<string, string>): string {
  const folder = join(root, `in-${made++}`);
  mkdirSync(folder);
  for (const [path, content] of Object.entries(files)) writeFileSync(join(folder, path), content);
  return folder;
}
const contentOf = (folder: string) =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));

describe('step records', () => {
  const key = sha256('a step');
  const statement = sha256('a statement');

  test('of a kind of artifact that nobody thought of are found again', async () => {
    const store = openArtifactStore(join(root, `store-${made++}`));
    const outputs = { train: await store.publish('selection-2', folderWith({ s: '{}' })) };
    await writeStep(store, { key, step: 'sample', outputs, report: {}, statement });
    expect((await findStep(store, key)).record?.outputs).toEqual(outputs);
  });

  async function finished() {
    const url = join(root, `store-${made++}`);
    const store = openArtifactStore(url);
    const model = await store.publish('model', folderWith({ w: 'weights' }));
    const scores = await store.publish('scores', folderWith({ s: '{}' }));
    const record = await writeStep(store, {
      key,
      step: 'finetune',
      outputs: { model, scores },
      report: { loss: 1.5, best: 2, note: null },
      statement,
    });
    return { url, store, model, record };
  }

  test('nothing known: a miss without damage', async () => {
    expect(await findStep(openArtifactStore(join(root, 'empty')), key)).toEqual({});
  });

  test('a finished step is found, with its outputs and report', async () => {
    const { store, record, model } = await finished();
    expect(await findStep(store, key)).toEqual({ record });
    expect(record).toMatchObject({
      key,
      step: 'finetune',
      report: { loss: 1.5, best: 2, note: null },
      statement,
    });
    expect(record.outputs.model).toEqual(model);
    expect(await readStep(store, key)).toEqual(record);
    expect(await findStep(store, sha256('another'))).toEqual({});
  });

  test('damage is reported, not believed; publishing and recording again heals it', async () => {
    const damages: [string, (url: string, digest: string) => void, RegExp][] = [
      [
        'missing file',
        (url) => rmSync(join(url, blobKey(sha256('weights')))),
        /finetune's output model: w of model .* is missing/,
      ],
      ['shorter file', (url) => writeFileSync(join(url, blobKey(sha256('weights'))), 'weight'), /has 6 bytes .* in place of 7/],
      ['changed file of the same size', (url) => writeFileSync(join(url, blobKey(sha256('weights'))), 'Weights'), /damaged/],
      ['missing manifest', (url, digest) => rmSync(join(url, blobKey(digest as `sha256:${string}`))), /is not in/],
      ['record cut short', (url) => writeFileSync(join(url, `names/${stepName(key)}.json`), '{"schema":'), /is not JSON/],
      [
        'record of another schema',
        (url) => writeFileSync(join(url, `names/${stepName(key)}.json`), '{"schema":"x"}'),
        /is no habsburg.step\/v2 document/,
      ],
      [
        'record that is null',
        (url) => writeFileSync(join(url, `names/${stepName(key)}.json`), 'null'),
        /is damaged: .*received null/,
      ],
      [
        'a number changed in the record',
        (url) => {
          const path = join(url, `names/${stepName(key)}.json`);
          writeFileSync(path, readFileSync(path, 'utf8').replace('1.5', '1.4'));
        },
        /checksum/,
      ],
    ];
    for (const [, damage, message] of damages) {
      const { url, store, model, record } = await finished();
      damage(url, model.digest);
      const found = await findStep(store, key);
      expect(found.record).toBeUndefined();
      expect(found.damage).toMatch(message);
      await store.publish('model', folderWith({ w: 'weights' }));
      await writeStep(store, record);
      expect(await findStep(store, key)).toEqual({ record });
    }
  });

  test('a record filed under another key is not believed', async () => {
    const { store, record } = await finished();
    await store.writeName(stepName(sha256('b')), record);
    expect((await findStep(store, sha256('b'))).damage).toContain('another step');
  });

  test('files at or above the bound are not hashed when a hit is looked up', async () => {
    const { url, store, record } = await finished();
    writeFileSync(join(url, blobKey(sha256('weights'))), 'Weights');
    expect(await findStep(store, key, { hashBelow: 7 })).toEqual({ record });
    expect((await findStep(store, key, { hashBelow: 8 })).damage).toMatch(/damaged/);
  });

  test('a store that cannot be asked is an error, not a miss', async () => {
    const objects = {
      url: 'x',
      read: () => Promise.reject(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })),
    } as unknown as ObjectStore;
    expect((await failure(findStep(new ContentStore(objects), key))).kind).toBe('unreachable');
  });
});

describe('checkpoints', () => {
  const key = sha256('a running step');
  const fresh = (): ArtifactStore => openArtifactStore(join(root, `store-${made++}`));

  test('none at first; the newest comes back, whatever was before; cleared, nothing is left', async () => {
    const store = fresh();
    const out = () => join(root, `out-${made++}`);
    expect(await loadCheckpoint(store, key, out())).toEqual({});
    await saveCheckpoint(store, key, folderWith({ w: 'one', m: 'moments one' }), { step: 1 });
    await saveCheckpoint(store, key, folderWith({ w: 'two', n: 'other' }), { step: 2, note: null });
    const folder = out();
    expect(await loadCheckpoint(store, key, folder)).toEqual({ facts: { step: 2, note: null } });
    expect(contentOf(folder)).toEqual({ w: 'two', n: 'other' });
    expect(await keys(store.objects, 'checkpoints/')).toHaveLength(2);
    await clearCheckpoint(store, key);
    expect(await keys(store.objects, '')).toEqual([]);
    expect(await loadCheckpoint(store, key, out())).toEqual({});
  });

  test('shards already sent are not sent again, renamed or not', async () => {
    const store = fresh();
    const put: string[] = [];
    const objects: ObjectStore = new Proxy(store.objects, {
      get: (target, property) => {
        if (property === 'put') return (k: string, source: ObjectSource) => (put.push(k), target.put(k, source));
        const value = Reflect.get(target, property) as unknown;
        return typeof value === 'function' ? (value as (...a: unknown[]) => unknown).bind(target) : value;
      },
    });
    const watched = new ContentStore(objects);
    expect(await saveCheckpoint(watched, key, folderWith({ s0: 'shard zero', s1: 'shard one' }))).toEqual({ sentBytes: 19 });
    put.length = 0;
    expect(
      await saveCheckpoint(watched, key, folderWith({ s0: 'shard zero', 's1-renamed': 'shard one', s2: 'shard two' })),
    ).toEqual({ sentBytes: 9 });
    expect(put.filter((k) => k.startsWith('checkpoints/'))).toEqual([
      `checkpoints/${key.slice(7)}/${sha256('shard two').slice(7)}`,
    ]);
    const out = join(root, `out-${made++}`);
    await loadCheckpoint(watched, key, out);
    expect(contentOf(out)).toEqual({ s0: 'shard zero', 's1-renamed': 'shard one', s2: 'shard two' });
  });

  test('a crash while the second is sent leaves the first', async () => {
    const store = fresh();
    await saveCheckpoint(store, key, folderWith({ a: '1', b: '1' }), { step: 1 });
    for (const dieAt of [1, 2, 3]) {
      let puts = 0;
      const objects: ObjectStore = new Proxy(store.objects, {
        get: (target, property) => {
          if (property === 'put')
            return (k: string, source: ObjectSource) =>
              ++puts === dieAt ? Promise.reject(new Error('killed')) : target.put(k, source);
          const value = Reflect.get(target, property) as unknown;
          return typeof value === 'function' ? (value as (...a: unknown[]) => unknown).bind(target) : value;
        },
      });
      await expect(
        saveCheckpoint(new ContentStore(objects), key, folderWith({ a: `2${dieAt}`, b: `3${dieAt}` }), { step: 2 }),
      ).rejects.toThrow('killed');
      const out = join(root, `out-${made++}`);
      expect(await loadCheckpoint(store, key, out)).toEqual({ facts: { step: 1 } });
      expect(contentOf(out)).toEqual({ a: '1', b: '1' });
    }
  });

  test('a damaged checkpoint is not believed, and its files are sent anew', async () => {
    const damages: ((path: (digest: string) => string, pointer: string) => void)[] = [
      (path) => writeFileSync(path('shard'), 'SHARD'),
      (path) => writeFileSync(path('shard'), 'sh'),
      (path) => rmSync(path('shard')),
      (_, pointer) => writeFileSync(pointer, '{'),
      (_, pointer) => writeFileSync(pointer, readFileSync(pointer, 'utf8').replace('"path": "s"', '"path": "../s"')),
      (_, pointer) => writeFileSync(pointer, 'null'),
    ];
    for (const damage of damages) {
      const url = join(root, `store-${made++}`);
      const store = openArtifactStore(url);
      await saveCheckpoint(store, key, folderWith({ s: 'shard' }), { step: 1 });
      damage(
        (content) => join(url, 'checkpoints', key.slice(7), sha256(content).slice(7)),
        join(url, 'names/checkpoints', `${key.slice(7)}.json`),
      );
      const out = join(root, `out-${made++}`);
      const loaded = await loadCheckpoint(store, key, out);
      expect(loaded.facts).toBeUndefined();
      expect(loaded.damage).toMatch(/checkpoint/);
      expect(existsSync(out)).toBe(false);
      expect(await saveCheckpoint(store, key, folderWith({ s: 'shard', t: 'x' }), { step: 2 })).toEqual({ sentBytes: 6 });
      expect(await loadCheckpoint(store, key, out)).toEqual({ facts: { step: 2 } });
      expect(contentOf(out)).toEqual({ s: 'shard', t: 'x' });
    }
  });
});
