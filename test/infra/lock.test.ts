import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { tryLock, waitLock } from '../../infra/lock.mjs';
import { temporaryFolder } from '../support/servers.js';

describe('the lock between processes', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let lock: string;
  beforeEach(() => {
    folder = temporaryFolder();
    lock = join(folder.path, 'below', 'x.lock');
  });
  afterEach(() => folder.remove());

  /** A lock as another process leaves it. */
  function leave(owner: { pid: number; host: string }, ageSeconds = 0): void {
    mkdirSync(lock, { recursive: true });
    writeFileSync(join(lock, 'other.json'), JSON.stringify(owner));
    const then = new Date(Date.now() - ageSeconds * 1000);
    utimesSync(join(lock, 'other.json'), then, then);
  }
  const deadPid = () => spawnSync(process.execPath, ['-e', '']).pid;

  test('one holds it, the next gets it after release', async () => {
    const first = tryLock(lock)!;
    expect(tryLock(lock)).toBeUndefined();
    let waited = 0;
    const second = waitLock(lock, { onWait: () => waited++, pollMs: 5 });
    setTimeout(() => first.release(), 30);
    (await second).release();
    expect(waited).toBe(1);
    expect(existsSync(lock)).toBe(false);
  });

  test('the lock of a dead process is taken over', () => {
    leave({ pid: deadPid(), host: hostname() });
    const taken = tryLock(lock);
    expect(taken).toBeDefined();
    expect(readdirSync(lock)).not.toContain('other.json');
    taken!.release();
  });

  test('the lock of a living process, or of a process elsewhere that keeps it fresh, is respected', () => {
    leave({ pid: process.pid, host: hostname() });
    expect(tryLock(lock)).toBeUndefined();
    leave({ pid: deadPid(), host: 'another-machine' });
    expect(tryLock(lock)).toBeUndefined();
  });

  test('a lock that nobody has kept fresh for a minute is taken over', () => {
    leave({ pid: 1, host: 'another-machine' }, 61);
    const taken = tryLock(lock);
    expect(taken).toBeDefined();
    taken!.release();
  });

  test('an owner that was taken for dead does not release its successor', () => {
    const first = tryLock(lock)!;
    const [token] = readdirSync(lock);
    const old = new Date(Date.now() - 120_000);
    utimesSync(join(lock, token), old, old);
    const second = tryLock(lock)!;
    first.release();
    expect(tryLock(lock)).toBeUndefined();
    second.release();
  });
});
