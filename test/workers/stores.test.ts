/** A worker opens the stores that commands began, and begins none itself. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beginStore } from '../../artifacts/store-mark.js';
import { workerStores } from '../../workers/stores.js';
import { temporaryFolder } from '../support/servers.js';

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

test('a folder that is not there, or is empty (not mounted), is named and left alone', async () => {
  const path = join(folder.path, 'store');
  const url = pathToFileURL(path).href;
  const unshared = expect.objectContaining({ kind: 'notFound', message: expect.stringContaining(`finds no store at ${url}`) });
  expect(() => workerStores()(url)).toThrow(unshared);
  expect(existsSync(path)).toBe(false);
  await mkdir(path);
  expect(() => workerStores()(url)).toThrow(unshared);
  expect(readdirSync(path)).toEqual([]);
});

test('one that a command began is opened, once, until it is moved', async () => {
  const path = join(folder.path, 'store');
  const url = pathToFileURL(path).href;
  await beginStore(url);
  await beginStore(url);
  const open = workerStores();
  const store = open(url);
  expect(open(url)).toBe(store);
  await store.writeName('x', { kept: true });
  rmSync(join(path, 'store.json')); // as stores of earlier versions are
  expect(await open(url).readName('x')).toEqual({ kept: true });
  renameSync(path, join(folder.path, 'moved'));
  expect(() => open(url)).toThrow(/where it was moved, run the experiment again with the new --store/);
  expect(existsSync(path)).toBe(false);
});

test('buckets are opened as they are', async () => {
  expect(workerStores()('s3://bucket/x')).toBeDefined();
});
