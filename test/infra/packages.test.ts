/** What `npm ci` installs, on every platform, is what the lock file says, byte for byte. */
import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../infra/paths.mjs';

interface Locked {
  readonly version: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
}

const { packages } = JSON.parse(readFileSync(join(repositoryRoot(), 'package-lock.json'), 'utf8')) as {
  packages: Record<string, Locked>;
};
const locked = Object.entries(packages).filter(([path]) => path !== '');

test('package-lock.json has the SHA-512 of every package of every platform', () => {
  expect(locked.length).toBeGreaterThan(500);
  expect(locked.some(([path]) => path === 'node_modules/@swc/core-darwin-arm64')).toBe(true);
  const without = locked.filter(([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ''));
  expect(without.map(([path]) => path)).toEqual([]);
});

test('package-lock.json names no registry, so each machine asks its own', () => {
  expect(locked.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([]);
});

test('no install script runs', () => {
  expect(readFileSync(join(repositoryRoot(), '.npmrc'), 'utf8')).toMatch(/^ignore-scripts=true$/m);
});
