/** A supervised process comes back when it was killed, and also when it was stopped and nobody continues it. */
import { afterAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startDaemon } from '../../infra/daemon.js';
import { isAlive, isStopped } from '../../infra/process.mjs';
import { supervise } from '../../infra/supervisor.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-supervisor-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('a process that is stopped and not continued is ended and started again; one that is continued in time is left alone', async () => {
  const logFile = join(root, 'log');
  const start = () =>
    startDaemon({ name: 'sleeper', command: process.execPath, args: ['-e', 'setInterval(() => 0, 1e3)'], logFile });
  const supervised = await supervise({ name: 'sleeper', logFile, start, onEvent: () => undefined, lookMs: 60 });
  try {
    const first = supervised.pid!;
    process.kill(first, 'SIGSTOP');
    await sleep(100);
    expect(isStopped(first)).toBe(true);
    process.kill(first, 'SIGCONT');
    await sleep(500);
    expect(supervised.pid).toBe(first);
    expect(isStopped(first)).toBe(false);

    process.kill(first, 'SIGSTOP');
    for (let i = 0; i < 100 && (supervised.pid === undefined || supervised.pid === first); i++) await sleep(50);
    expect(supervised.pid).not.toBe(first);
    expect(isAlive(first)).toBe(false);
    expect(isAlive(supervised.pid!)).toBe(true);
  } finally {
    await supervised.stop();
  }
}, 20_000);

test('no such process is not stopped', () => {
  expect(isStopped(2 ** 30)).toBe(false);
});
