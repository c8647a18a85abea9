/** Where the server is, from variables and the profile file: what is wrong is said with the name of what to mend. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { proxyVariable } from '../../infra/namespace.js';
import { temporaryFolder } from '../support/servers.js';
import { fromEnvironment, hasExternalServer, plainServer } from '../../workers/connection.js';

const before = { ...process.env };
let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
  for (const name of Object.keys(process.env)) if (name.startsWith('TEMPORAL_')) delete process.env[name];
  process.env.XDG_CONFIG_HOME = folder.path;
});
afterEach(() => {
  process.env = { ...before };
  folder.remove();
});

const profile = (toml: string): string => {
  const file = join(folder.path, 'temporal.toml');
  writeFileSync(file, toml);
  process.env.TEMPORAL_CONFIG_FILE = file;
  return file;
};

test('nothing said: the embedded server', () => {
  expect(hasExternalServer()).toBe(false);
  expect(fromEnvironment()).toMatchObject({ namespace: 'default', connection: { address: 'localhost:7233' } });
});

test('a profile file counts, unless a folder of an embedded server is named', () => {
  profile('[profile.default]\naddress = "server.example:7233"\nnamespace = "team"\n');
  expect(hasExternalServer()).toBe(true);
  expect(fromEnvironment()).toMatchObject({ namespace: 'team', connection: { address: 'server.example:7233' } });
  expect(hasExternalServer({ environmentOnly: true })).toBe(false);
});

test('a broken profile file is named, and is not read where a folder is named', () => {
  const file = profile('[profile.default\naddress = 3');
  const named = expect.objectContaining({ kind: 'invalid', message: expect.stringContaining(file) });
  expect(() => hasExternalServer()).toThrow(named as unknown as Error);
  expect(hasExternalServer({ environmentOnly: true })).toBe(false);
  delete process.env.TEMPORAL_CONFIG_FILE;
  mkdirSync(join(folder.path, 'temporalio'));
  writeFileSync(join(folder.path, 'temporalio', 'temporal.toml'), 'x = [');
  if (process.platform === 'linux') expect(() => hasExternalServer()).toThrow(join(folder.path, 'temporalio', 'temporal.toml'));
});

test.each([
  ['http://host:7233', /TEMPORAL_ADDRESS begins with http:\/\/.*write host:7233$/],
  ['https://host', /begins with https:\/\/.*write host:7233$/],
  ['grpc://host:1/path', /begins with grpc:\/\/.*write host:1$/],
  ['host', /is host;.*write host:7233$/],
  ['host:7233/', /write host:7233$/],
  ['user:hunter2@host:7233', /^(?!.*hunter2).*TEMPORAL_API_KEY/],
  ['http://user:hunter2@host:7233', /^(?!.*hunter2).*TEMPORAL_API_KEY/],
])('%s is no address', (address, sentence) => {
  process.env.TEMPORAL_ADDRESS = address;
  expect(() => fromEnvironment()).toThrow(sentence);
});

test.each(['host:7233', '127.0.0.1:1', '[::1]:7233', 'a.b-c.example:65000'])('%s is one', (address) => {
  expect(plainServer(address)).toEqual({ namespace: 'default', connection: { address } });
});

test('nothing on this machine is reached through a proxy', () => {
  const env = { http_proxy: 'http://127.0.0.1:9' };
  expect(['127.0.0.1:7233', 'localhost:7233', '[::1]:7233'].map((address) => proxyVariable(address, env))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(proxyVariable('server.example:7233', env)).toBe('http_proxy');
  expect(proxyVariable('server.example:7233', {})).toBeUndefined();
});
