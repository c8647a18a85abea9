import { afterEach, describe, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { findDev, startDev, type Dev, type DevEvent, type DevOptions } from '../../infra/dev.js';
import { readState, writeState } from '../../infra/dev-state.js';
import { tryLock } from '../../infra/lock.mjs';
import { repositoryRoot } from '../../infra/paths.mjs';
import { isAlive } from '../../infra/process.mjs';
import { SERVER_TIMEOUT_MS, temporaryFolder } from '../support/servers.js';

/** A stand-in for a worker: it lives until it is told to end, and says so. */
const IDLE = `process.on('SIGTERM', () => { console.log('drained'); process.exit(0); }); setInterval(() => {}, 1000); console.log(process.env.TEMPORAL_ADDRESS, process.env.HABSBURG_STORE);`;

async function until(what: string, holds: () => boolean | Promise<boolean>, seconds = 30): Promise<void> {
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; await sleep(50)) if (await holds()) return;
  throw new Error(`waited in vain: ${what}`);
}

describe('the development environment', () => {
  const folders: (() => void)[] = [];
  const running: Dev[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((dev) => dev.stop()));
    folders.splice(0).forEach((remove) => remove());
  });
  function newHome(): string {
    const folder = temporaryFolder();
    folders.push(folder.remove);
    return join(folder.path, 'home');
  }
  async function start(home: string, more: Partial<DevOptions> = {}): Promise<Dev> {
    const workers = () => [{ name: 'idle', command: process.execPath, args: ['-e', IDLE] }];
    const dev = await startDev({ home, slots: 1, threads: 1, port: 0, uiPort: 0, store: 'file:///nowhere', workers, ...more });
    running.push(dev);
    return dev;
  }
  async function workflowIds(dev: { address: string }): Promise<string[]> {
    const connection = await Connection.connect({ address: dev.address });
    const ids: string[] = [];
    for await (const { workflowId } of new Client({ connection }).workflow.list()) ids.push(workflowId);
    await connection.close();
    return ids;
  }
  async function startWorkflow(dev: { address: string }, workflowId: string): Promise<void> {
    const connection = await Connection.connect({ address: dev.address });
    await new Client({ connection }).workflow.start('nobody-serves-it', { workflowId, taskQueue: 'none' });
    await connection.close();
    await until('the workflow is listed', async () => (await workflowIds(dev)).includes(workflowId));
  }

  test(
    'a killed server comes back on the same address with its workflows; a killed worker comes back; stop leaves nothing',
    async () => {
      const home = newHome();
      const events: DevEvent[] = [];
      const dev = await start(home, { onEvent: (event) => events.push(event) });
      await startWorkflow(dev, 'kept');
      const before = readState(home)!;
      expect(before).toMatchObject({ pid: process.pid, address: dev.address, uiUrl: dev.uiUrl });

      process.kill(before.processes.temporal, 'SIGKILL');
      await until('the server is back', () => readState(home)!.processes.temporal !== before.processes.temporal);
      expect(readState(home)!.address).toBe(dev.address);
      expect(await workflowIds(dev)).toEqual(['kept']);

      process.kill(before.processes.idle, 'SIGKILL');
      await until('the worker is back', () => readState(home)!.processes.idle !== before.processes.idle);
      expect(events.filter((event) => event.type === 'exited').map((event) => [event.name, event.exit.signal])).toEqual([
        ['temporal', 'SIGKILL'],
        ['idle', 'SIGKILL'],
      ]);

      const log = join(home, 'logs', 'idle.log');
      await until('the new worker is up', () => readFileSync(log, 'utf8').split('\n').length > 2);
      const pids = Object.values(readState(home)!.processes);
      await dev.stop();
      expect(pids.filter(isAlive)).toEqual([]);
      expect(existsSync(join(home, 'dev.json'))).toBe(false);
      const greeting = `${dev.address} file:///nowhere`;
      expect(readFileSync(log, 'utf8').trim().split('\n')).toEqual([greeting, greeting, 'drained']);

      const again = await start(home);
      expect(await workflowIds(again)).toEqual(['kept']);
    },
    SERVER_TIMEOUT_MS,
  );

  test(
    'a second start joins the first, does not stop it, and goes on where the first one stops',
    async () => {
      const home = newHome();
      const [one, two] = await Promise.all([start(home), start(home)]);
      expect([one.owned, two.owned].sort()).toEqual([false, true]);
      expect(two.address).toBe(one.address);
      await (one.owned ? two : one).stop();
      expect(await findDev(home)).toMatchObject({ address: one.address });

      const guest = await start(home);
      await startWorkflow(guest, 'kept');
      await (one.owned ? one : two).stop();
      await until('the guest runs it', () => guest.owned);
      expect(await workflowIds(guest)).toEqual(['kept']);
      const elsewhere = { connection: { address: '127.0.0.1:9' }, namespace: 'default' };
      await expect(start(home, { external: elsewhere })).rejects.toMatchObject({ kind: 'invalid' });
    },
    SERVER_TIMEOUT_MS,
  );

  test(
    'a killed supervisor leaves no process, and the next start goes on from its database',
    async () => {
      const home = newHome();
      const script = `
        import { startDev } from ${JSON.stringify(pathToFileURL(join(repositoryRoot(), 'dist', 'infra', 'dev.js')).href)};
        const workers = () => [{ name: 'idle', command: process.execPath, args: ['-e', ${JSON.stringify(IDLE)}] }];
        await startDev({ home: process.argv[1], slots: 1, threads: 1, port: 0, uiPort: 0, workers });
        console.log('up');`;
      const supervisor = spawn(process.execPath, ['--input-type=module', '-e', script, home], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await new Promise((resolve) => supervisor.stdout.once('data', resolve));
      const state = readState(home)!;
      await startWorkflow(state, 'kept');
      const pids = Object.values(state.processes);
      expect(pids.filter(isAlive)).toHaveLength(2);

      supervisor.kill('SIGKILL');
      await until('the processes are gone', () => !pids.some(isAlive));
      expect(await findDev(home)).toBeUndefined();
      expect(await workflowIds(await start(home))).toEqual(['kept']);
    },
    SERVER_TIMEOUT_MS,
  );

  test(
    'a worker that cannot work is given up with the end of its log',
    async () => {
      const workers = () => [
        { name: 'broken', command: process.execPath, args: ['-e', `console.error('no such queue'); process.exit(2)`] },
      ];
      const dev = await start(newHome(), { workers });
      const error = await dev.failed;
      expect(error).toMatchObject({ kind: 'unreachable' });
      expect(error.message).toMatch(/^The broken .*exit code 2.*\n(no such queue\n?)+$/s);
    },
    SERVER_TIMEOUT_MS,
  );

  test(
    'a start that fails leaves no process and no lock',
    async () => {
      const home = newHome();
      const events: DevEvent[] = [];
      const workers = () => [{ name: 'missing', command: join(home, 'no-such-program'), args: [] }];
      await expect(start(home, { workers, onEvent: (event) => events.push(event) })).rejects.toMatchObject({ kind: 'notFound' });
      expect(events.filter((event) => event.type === 'started').map((event) => isAlive(event.pid))).toEqual([false]);
      const lock = tryLock(join(home, 'dev.lock'));
      expect(lock).toBeDefined();
      lock!.release();
    },
    SERVER_TIMEOUT_MS,
  );

  test('a state file of a dead supervisor is not believed', async () => {
    const home = newHome();
    writeState(home, { version: 1, pid: 2 ** 22 + 1, address: '127.0.0.1:1', namespace: 'default', processes: {} });
    expect(await findDev(home)).toBeUndefined();
    writeFileSync(join(home, 'dev.json'), '{"version":1,');
    expect(await findDev(home)).toBeUndefined();
  });
});
