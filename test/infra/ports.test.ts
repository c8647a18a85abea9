import { afterEach, describe, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { releasePort, reservePort, systemPort } from '../../infra/ports.js';
import { repositoryRoot } from '../../infra/paths.mjs';
import { SERVER_TIMEOUT_MS, temporalServer } from '../support/servers.js';

describe('reservePort', () => {
  const mine: number[] = [];
  const reserve = async (preferred?: number) => {
    const port = await reservePort(preferred);
    mine.push(port);
    return port;
  };
  const children: ChildProcess[] = [];
  afterEach(() => {
    mine.splice(0).forEach(releasePort);
    children.splice(0).forEach((child) => child.kill('SIGKILL'));
  });

  test('gives a free port to one of several that want it at the same moment, and others to the rest', async () => {
    const preferred = await systemPort();
    const ports = await Promise.all([reserve(preferred), reserve(preferred), reserve(preferred)]);
    expect(new Set(ports).size).toBe(3);
    expect(ports).toContain(preferred);
  });

  test('keeps other processes off, until it is released or its process ends', async () => {
    const preferred = await systemPort();
    const script = `
      const { reservePort } = await import(${JSON.stringify(pathToFileURL(join(repositoryRoot(), 'dist/infra/ports.js')).href)});
      console.log(await reservePort(${preferred}));
      setInterval(() => {}, 1000);`;
    const start = async () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
      children.push(child);
      const port = await new Promise<number>((resolve) => child.stdout.once('data', (text) => resolve(Number(text))));
      const end = () => new Promise((resolve) => child.once('close', resolve) && child.kill('SIGKILL'));
      return { port, end };
    };

    const first = await start();
    expect(first.port).toBe(preferred);
    expect(await reserve(preferred)).not.toBe(preferred);
    await first.end();
    expect(await reserve(preferred)).toBe(preferred);
    const second = await start();
    expect(second.port).not.toBe(preferred);
    await second.end();
    releasePort(preferred);
    expect(await reserve(preferred)).toBe(preferred);
  });

  test('leaves a port alone that another program listens on', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    expect(await reserve(port)).not.toBe(port);
    await new Promise((resolve) => server.close(resolve));
  });
});

test(
  'two servers started at the same moment for the same port are two servers',
  async () => {
    const port = await systemPort();
    const servers = await Promise.all([temporalServer({ port }), temporalServer({ port })]);
    try {
      expect(new Set(servers.map(({ address }) => address)).size).toBe(2);
      expect(servers.map(({ address }) => address)).toContain(`127.0.0.1:${port}`);
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  },
  SERVER_TIMEOUT_MS,
);
