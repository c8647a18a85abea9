/** A worker's scratch folder is nobody else's, whoever was there first. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeScratch } from '../../workers/scratch.js';

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'habsburg-scratch-'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const deadPid = () => spawnSync(process.execPath, ['-e', '']).pid;
const named = (pid: number) => `habsburg-worker-${hostname().replaceAll(/[^A-Za-z0-9.-]/g, '_')}-${pid}-abcdef`;

test('it is new, private, and gone at the end', () => {
  const before = process.umask(0);
  const [one, two] = [makeScratch(base), makeScratch(base)];
  process.umask(before);
  expect(one.path).not.toBe(two.path);
  expect(statSync(one.path).mode & 0o777).toBe(0o700);
  one.remove();
  two.remove();
  expect(readdirSync(base)).toEqual([]);
});

test('what killed workers left goes; living ones, links and other things stay', () => {
  const [dead, linked] = [named(deadPid()), named(deadPid())];
  mkdirSync(join(base, dead, 'finetune-x'), { recursive: true });
  mkdirSync(join(base, named(process.pid)));
  mkdirSync(join(base, 'somebody'));
  writeFileSync(join(base, 'somebody', 'file'), '');
  symlinkSync(join(base, 'somebody'), join(base, linked));
  makeScratch(base).remove();
  expect(readdirSync(base).sort()).toEqual([linked, named(process.pid), 'somebody'].sort());
  expect(existsSync(join(base, 'somebody', 'file'))).toBe(true);
});

test('a folder that was taken away, or replaced, is not worked in', () => {
  const scratch = makeScratch(base);
  const first = scratch.path;
  renameSync(first, join(base, 'taken'));
  symlinkSync(join(base, 'taken'), first);
  const second = scratch.path;
  expect(second).not.toBe(first);
  expect(lstatSync(second).isDirectory()).toBe(true);
  expect(scratch.path).toBe(second);
});
