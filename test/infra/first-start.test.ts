/** A first start that is killed at any moment: the same command goes on, and nobody has to lend a hand. */
import { expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { repositoryRoot } from '../../infra/paths.mjs';
import { isAlive } from '../../infra/process.mjs';
import { SERVER_TIMEOUT_MS, temporaryFolder } from '../support/servers.js';

const SCRIPT = `
  import { startDev } from ${JSON.stringify(pathToFileURL(join(repositoryRoot(), 'dist', 'infra', 'dev.js')).href)};
  const controller = new AbortController();
  process.on('SIGINT', () => controller.abort(new Error('Ctrl-C')));
  const workers = () => [{ name: 'idle', command: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'] }];
  const dev = await startDev({ home: process.argv[1], slots: 1, threads: 1, port: 0, uiPort: 0, workers, signal: controller.signal });
  console.log('up');
  await dev.stop();`;

/** Starts the environment of a home in a process of its own, which stops it again. */
function start(home: string) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT, home], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<string>((resolve) => child.once('close', () => resolve(said)));
  return { child, ended };
}

/** The server that runs in a home, or ran last. */
function serversOf(home: string): number[] {
  const file = join(home, 'temporal.db.pid');
  return existsSync(file) ? [Number(readFileSync(file, 'utf8'))].filter((pid) => pid > 0 && isAlive(pid)) : [];
}

async function appears(path: string, or: () => boolean): Promise<void> {
  while (!existsSync(path) && !or()) await sleep(1);
}

// each kill meets what the one before left; [what has to be there, how much later, what is killed, by what]
const KILLS: readonly [string, number, 'supervisor' | 'server, then supervisor', NodeJS.Signals][] = [
  ['.', 0, 'supervisor', 'SIGKILL'],
  ['secret', 0, 'supervisor', 'SIGKILL'],
  ['dev.lock', 0, 'supervisor', 'SIGKILL'],
  ['temporal.db.pid', 0, 'supervisor', 'SIGKILL'],
  ['temporal.db', 0, 'server, then supervisor', 'SIGKILL'],
  ['temporal.db', 40, 'server, then supervisor', 'SIGKILL'],
  ['temporal.db', 120, 'supervisor', 'SIGINT'],
  ['temporal.db', 200, 'supervisor', 'SIGKILL'],
];

test(
  'a home whose first start was killed again and again, at once or a moment later, starts',
  async () => {
    const folder = temporaryFolder();
    const home = join(folder.path, 'home');
    try {
      for (const [file, later, what, signal] of KILLS) {
        const { child, ended } = start(home);
        await appears(join(home, file), () => child.exitCode !== null);
        await sleep(later);
        if (what !== 'supervisor') for (const pid of serversOf(home)) process.kill(pid, signal);
        child.kill(signal);
        expect(await ended).not.toMatch(/cannot|ends with/);
      }
      expect(await start(home).ended).toBe('up\n');
      expect(serversOf(home).filter(isAlive)).toEqual([]);
      expect(readdirSync(home).sort()).toEqual(['logs', 'secret', 'temporal.db', 'temporal.db.pid']);
    } finally {
      folder.remove();
    }
  },
  SERVER_TIMEOUT_MS,
);
