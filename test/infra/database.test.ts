/** The database of the embedded server: made whole or anew, and set aside where no server can open it. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { databaseIsReady, prepareDatabase, setAsideUnusable } from '../../infra/database.js';
import { startTemporal } from '../../infra/dev-server.js';
import { SERVER_TIMEOUT_MS, temporaryFolder } from '../support/servers.js';

/** As a server that was killed 0.4 s after it had begun left it: without all its tables, and without a note beside it. */
const UNFINISHED = gunzipSync(readFileSync(fileURLToPath(new URL('./unfinished.db.gz', import.meta.url))));

let folder: ReturnType<typeof temporaryFolder>;
let dbFile: string;
beforeEach(() => {
  folder = temporaryFolder();
  dbFile = join(folder.path, 'a home #1, 100%?', 'temporal.db');
  mkdirSync(dirname(dbFile));
});
afterEach(() => folder.remove());
const files = () => readdirSync(dirname(dbFile)).sort();
const put = (name: string, content: string | Buffer = 'x') => writeFileSync(join(dirname(dbFile), name), content);

describe('the database file', () => {
  test('that is there is kept, with its log', () => {
    for (const name of ['temporal.db', 'temporal.db-wal', 'temporal.db-shm']) put(name);
    prepareDatabase(dbFile);
    expect(files()).toEqual(['temporal.db', 'temporal.db-shm', 'temporal.db-wal']);
  });

  test('that was not finished goes with its log, and the note stays until a server serves', () => {
    for (const name of ['temporal.db', 'temporal.db-wal', 'temporal.db-shm', 'temporal.db.unfinished']) put(name);
    prepareDatabase(dbFile);
    expect(files()).toEqual(['temporal.db.unfinished']);
    put('temporal.db');
    databaseIsReady(dbFile);
    expect(files()).toEqual(['temporal.db']);
    expect(statSync(dbFile).mode & 0o777).toBe(0o600);
  });

  test('that is missing or empty leaves no log to be played into the next one', () => {
    for (const name of ['temporal.db-wal', 'temporal.db-shm']) put(name);
    prepareDatabase(dbFile);
    expect(files()).toEqual(['temporal.db.unfinished']);
    put('temporal.db', '');
    prepareDatabase(dbFile);
    expect(files()).toEqual(['temporal.db.unfinished']);
  });

  test('is set aside only where the server blames it', () => {
    put('temporal.db');
    put('temporal.db-wal');
    expect(setAsideUnusable(dbFile, 'bind: address already in use')).toBeUndefined();
    expect(files()).toEqual(['temporal.db', 'temporal.db-wal']);
    const aside = setAsideUnusable(dbFile, 'SQL logic error: no such table: cluster_metadata_info (1)')!;
    expect(existsSync(aside)).toBe(true);
    expect(existsSync(dbFile)).toBe(false);
    expect(files().map((name) => name.replace(/-\d{4}-.*Z/, ''))).toEqual(['temporal.db.unusable', 'temporal.db.unusable-wal']);
  });
});

test.each([
  ['without all its tables', UNFINISHED],
  ['that is no database', Buffer.from('not a database\n'.repeat(1000))],
])(
  'a server starts in spite of a database %s, in a folder with any name, and keeps the next one to its owner',
  async (_, content) => {
    put('temporal.db', content);
    const notes: string[] = [];
    const progress = { note: (line: string) => void notes.push(line), step: () => ({ update() {}, done() {}, fail() {} }) };
    const start = () => startTemporal({ dbFile, port: 0, uiPort: 0, progress });
    const umask = process.umask(0);
    await (await start()).stop();
    process.umask(umask);
    expect(notes).toEqual([expect.stringMatching(/temporal\.db cannot be used and is now .*unusable-.*not computed again/)]);
    const aside = files().filter((name) => name.includes('unusable'));
    expect(aside).toHaveLength(1);
    expect(readFileSync(join(dirname(dbFile), aside[0]))).toEqual(content);
    expect(statSync(dbFile).mode & 0o777).toBe(0o600);
    await (await start()).stop();
    expect(notes).toHaveLength(1);
    expect(readdirSync(folder.path)).toEqual(['a home #1, 100%?']);
  },
  SERVER_TIMEOUT_MS,
);
