/** The folder of an embedded server is its owner's alone. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeSecret, prepareHome, readSecret } from '../../infra/home.js';
import { temporaryFolder } from '../support/servers.js';

let folder: ReturnType<typeof temporaryFolder>;
let home: string;
let umask: number;
beforeEach(() => {
  folder = temporaryFolder();
  home = join(folder.path, 'home');
  umask = process.umask(0);
});
afterEach(() => {
  process.umask(umask);
  folder.remove();
});
const mode = (...path: string[]) => (statSync(join(home, ...path)).mode & 0o777).toString(8);
const deadPid = () => spawnSync(process.execPath, ['-e', '']).pid;

describe('a home', () => {
  test('is private whatever the umask, and so is its secret', () => {
    prepareHome(home);
    const secret = makeSecret(home);
    expect([mode(), mode('logs'), mode('secret')]).toEqual(['700', '700', '600']);
    expect(secret.byteLength).toBe(32);
    expect(makeSecret(home)).toEqual(secret);
    expect(readSecret(home)).toEqual(secret);
    expect(readdirSync(home).sort()).toEqual(['logs', 'secret']);
  });

  test('of an earlier version is made private', () => {
    mkdirSync(join(home, 'logs'), { recursive: true });
    for (const file of ['temporal.db', 'temporal.db-wal', 'dev.json', join('logs', 'cpu.log')])
      writeFileSync(join(home, file), '');
    chmodSync(home, 0o755);
    prepareHome(home);
    expect([mode(), mode('temporal.db'), mode('temporal.db-wal'), mode('dev.json'), mode('logs', 'cpu.log')]).toEqual([
      '700',
      ...Array<string>(4).fill('600'),
    ]);
  });

  test('that is a folder for other things, too, keeps its mode; our files in it are private', () => {
    mkdirSync(home, { mode: 0o755 });
    for (const file of ['thesis.tex', 'temporal.db']) writeFileSync(join(home, file), '');
    prepareHome(home);
    expect([mode(), mode('thesis.tex'), mode('temporal.db'), mode('logs')]).toEqual(['755', '666', '600', '700']);
  });

  test('whose files come and go while it is looked at is prepared all the same', () => {
    mkdirSync(join(home, 'logs'), { recursive: true });
    // a link to nothing is what a file looks like that was removed after it was listed
    for (const file of ['temporal.db-journal', join('logs', 'cpu.log')]) symlinkSync('gone', join(home, file));
    writeFileSync(join(home, 'temporal.db'), '');
    prepareHome(home);
    expect(mode('temporal.db')).toBe('600');
  });

  const onLinux = process.platform === 'linux' ? test : test.skip;
  onLinux('that cannot be made says how to name another', () => {
    expect(() => prepareHome('/proc/habsburg')).toThrow(
      /^preparing the folder \/proc\/habsburg: permission denied \(.*\); name another with --home$/,
    );
  });

  test('forgets the half-written files of killed processes, not those of living ones', () => {
    mkdirSync(home);
    for (const name of [`secret.${deadPid()}`, `dev.json.${deadPid()}`, `dev.json.${process.pid}`])
      writeFileSync(join(home, name), 'half');
    prepareHome(home);
    expect(readdirSync(home).sort()).toEqual([`dev.json.${process.pid}`, 'logs']);
  });

  test('makes its secret anew where it was cut short', () => {
    prepareHome(home);
    writeFileSync(join(home, 'secret'), 'short');
    expect(() => readSecret(home)).toThrow(/secret is not a secret of 32 bytes/);
    expect(makeSecret(home).byteLength).toBe(32);
    expect(readFileSync(join(home, 'secret'))).toEqual(readSecret(home));
  });

  test('without a secret says so', () => {
    prepareHome(home);
    expect(() => readSecret(home)).toThrow(expect.objectContaining({ kind: 'notFound' }));
  });

  // the folder stays ours, and we say that we are another
  test('of another user is refused, except by root', () => {
    mkdirSync(home);
    const getuid = process.getuid!;
    process.getuid = () => 54321;
    try {
      expect(() => prepareHome(home)).toThrow(/belongs to another user \(\d+\)/);
    } finally {
      process.getuid = getuid;
    }
  });
});
