/** One store, one spelling. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { canonicalStoreUrl } from '../../artifacts/store-url.js';
import { resolveStoreUrl } from '../../cli/store-option.js';

let root: string;
beforeAll(() => {
  root = realpathSync.native(mkdtempSync(join(tmpdir(), 'habsburg-url-')));
  mkdirSync(join(root, 'real', 'deep'), { recursive: true });
  symlinkSync(join(root, 'real'), join(root, 'link'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('whatever way a folder is written, its store has one address', () => {
  const url = `${pathToFileURL(root).href}/real/store`;
  for (const spelling of [
    'real/store',
    './real/store/',
    'real/deep/../store',
    'link/store',
    `${root}/link/./store//`,
    'file:real/store',
    `file:${root}/real/store`,
    `file://${root}/link/store`,
    `FILE://localhost${root}/real/store/`,
    url,
  ])
    expect([spelling, canonicalStoreUrl(spelling, root)]).toEqual([spelling, url]);
});

test('# ? % and spaces are letters of a path, and survive', () => {
  for (const name of ['a#b', 'a?b', 'a%20b', 'a b', 'ä', '100%']) {
    const url = canonicalStoreUrl(name, root);
    expect(url).toBe(pathToFileURL(join(root, name)).href);
    expect(canonicalStoreUrl(url, '/')).toBe(url);
    expect(url).not.toMatch(/[#? ]/);
  }
});

test('a bucket and its prefix', () => {
  for (const spelling of ['s3://bucket/a/b', 's3://bucket/a/b/', 's3://bucket//a//b', 'S3://bucket/a/b'])
    expect(canonicalStoreUrl(spelling)).toBe('s3://bucket/a/b');
  for (const spelling of ['s3://bucket', 's3://bucket/']) expect(canonicalStoreUrl(spelling)).toBe('s3://bucket');
});

test('what names no store is refused, and never repeated', () => {
  for (const [spelling, sentence] of [
    ['', /empty/],
    ['gs://hunter2/x', /gs: is neither/],
    ['AKIA:hunter2@bucket/x', /before the colon is neither/],
    ['u:hunter2@host/x', /before the colon is neither/],
    ['s3:hunter2/x', /s3:\/\/bucket\/prefix/],
    ['s3://key:hunter2@bucket/x', /AWS_SECRET_ACCESS_KEY/],
    ['s3://bucket/x?aws_secret_access_key=hunter2', /AWS_SECRET_ACCESS_KEY/],
    ['s3://bucket/x#hunter2', /AWS_SECRET_ACCESS_KEY/],
    ['s3://Hunter2', /s3:\/\/bucket\/prefix/],
    ['file://user:hunter2@host/x', /without host, user or password/],
    ['file://hunter2/x', /without host/],
    ['file:///x?hunter2', /%3F and %23/],
    ['file:///x#hunter2', /%3F and %23/],
    ['file:///x%2Fhunter2', /no local folder/],
  ] as const) {
    const refused = () => canonicalStoreUrl(spelling, root);
    expect(refused).toThrow(expect.objectContaining({ kind: 'invalid', message: expect.stringMatching(sentence) }));
    expect(refused).not.toThrow(/hunter2|AKIA/i);
  }
});

test('--store, HABSBURG_STORE and the default are relative to the folder of the command', () => {
  const at = (path: string) => pathToFileURL(join(root, path)).href;
  expect(resolveStoreUrl('link/x', { HABSBURG_STORE: 'y' }, root)).toBe(at('real/x'));
  expect(resolveStoreUrl(undefined, { HABSBURG_STORE: 'y' }, root)).toBe(at('y'));
  expect(resolveStoreUrl(undefined, { HABSBURG_STORE: '' }, root)).toBe(at('.habsburg/store'));
  expect(resolveStoreUrl(undefined, {}, root)).toBe(at('.habsburg/store'));
});
