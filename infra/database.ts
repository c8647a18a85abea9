/**
 * The database file of the embedded server, kept usable whatever happens to its server. A first start makes the schema table by
 * table, so a kill leaves a file that no server can use; while one is being made, a note beside it says so, and the next start
 * makes it anew. Nothing is lost by that: no experiment is taken before the note is gone.
 */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { fromSystemError } from '../common/errors.js';
import { makePrivate } from './home.js';

/** What SQLite keeps beside its file. It goes first: found beside another database, a log would be played into that one. */
const COMPANIONS = ['-wal', '-shm', '-journal'];
/** Words of the server or of SQLite about a file that no server will ever open. */
const UNUSABLE = /no such table|file is not a database|database disk image is malformed|file is encrypted/;

const noteOf = (dbFile: string): string => `${dbFile}.unfinished`;

/** Before a server starts on the file: one that was never finished goes, with whatever belongs to it. */
export function prepareDatabase(dbFile: string): void {
  try {
    const size = statSync(dbFile, { throwIfNoEntry: false })?.size ?? 0;
    if (size > 0 && !existsSync(noteOf(dbFile))) return;
    for (const end of [...COMPANIONS, '']) rmSync(dbFile + end, { force: true });
    const note = openSync(noteOf(dbFile), 'w', 0o600);
    writeSync(note, 'The database beside this note is being made; a start that finds the note makes it anew.\n');
    fsyncSync(note);
    closeSync(note);
  } catch (error) {
    throw fromSystemError(error, `preparing ${dbFile}`);
  }
}

/** The server serves: from now on the file is worth keeping. Nobody else may read it. */
export function databaseIsReady(dbFile: string): void {
  for (const end of [...COMPANIONS, '']) makePrivate(dbFile + end);
  rmSync(noteOf(dbFile), { force: true });
}

/**
 * After a server ended at its start: a database that is damaged, or was left unfinished without a note, is set aside under
 * another name. What experiments computed is in their stores; only what was running has to be started again.
 * @param said what the server wrote
 * @returns the new name, or undefined where the file is not to blame
 */
export function setAsideUnusable(dbFile: string, said: string): string | undefined {
  if (!UNUSABLE.test(said) || existsSync(noteOf(dbFile)) || !existsSync(dbFile)) return undefined;
  const aside = `${dbFile}.unusable-${new Date().toISOString().replaceAll(':', '')}`;
  try {
    for (const end of [...COMPANIONS, '']) if (existsSync(dbFile + end)) renameSync(dbFile + end, aside + end);
  } catch (error) {
    throw fromSystemError(error, `setting ${dbFile} aside`);
  }
  return aside;
}
