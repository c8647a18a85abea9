// A lock between processes: a folder that only one can make, holding a token file that its owner keeps fresh.
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeFolder } from '../common/make-folder.mjs';
import { isAlive } from './process.mjs';

/** The owner touches its token this often; a token older than STALE_MS belongs to nobody. */
const REFRESH_MS = 5_000;
const STALE_MS = 60_000;
/** A lock folder without a token, or with half of one, this old was left by a process that died while taking it. */
const EMPTY_STALE_MS = 5_000;

/** @typedef {{ release: () => void }} Lock */

/**
 * Takes the lock if it is free or its owner is gone; returns undefined while somebody holds it.
 * @param {string} folder the lock folder; its parent is created
 * @returns {Lock | undefined}
 */
export function tryLock(folder) {
  makeFolder(dirname(folder));
  const token = join(folder, `${randomBytes(8).toString('hex')}.json`);
  try {
    mkdirSync(folder);
    writeFileSync(token, JSON.stringify({ pid: process.pid, host: hostname() }), { flag: 'wx' });
    // while we stood still between the two calls, the folder may have become another's
    if (readdirSync(folder).length > 1) {
      unlinkSync(token);
      return undefined;
    }
  } catch (error) {
    const code = /** @type {NodeJS.ErrnoException} */ (error).code;
    // ENOENT: the folder was taken for stale between the two calls
    if (code === 'ENOENT') return undefined;
    if (code !== 'EEXIST') throw error;
    return breakStale(folder) ? tryLock(folder) : undefined;
  }
  const timer = setInterval(() => {
    try {
      const now = new Date();
      utimesSync(token, now, now);
    } catch {
      clearInterval(timer);
    }
  }, REFRESH_MS);
  timer.unref();
  const release = () => {
    clearInterval(timer);
    process.removeListener('exit', release);
    try {
      unlinkSync(token);
      rmdirSync(folder);
    } catch {
      // already broken as stale: nothing of ours is left to remove
    }
  };
  process.once('exit', release);
  return { release };
}

/**
 * Waits for the lock.
 * @param {string} folder
 * @param {{ onWait?: () => void, pollMs?: number, signal?: AbortSignal }} [options] onWait is called once if somebody else holds it
 * @returns {Promise<Lock>}
 */
export async function waitLock(folder, { onWait, pollMs = 250, signal } = {}) {
  for (let first = true; ; first = false) {
    const lock = tryLock(folder);
    if (lock) return lock;
    if (first) onWait?.();
    await sleep(pollMs, undefined, { signal });
  }
}

/**
 * Removes a lock whose owner is gone. Unlinking the owner's own token is what decides between several that try: only one
 * succeeds, and the folder itself goes only when empty, so a newer owner's lock is never removed.
 * @param {string} folder
 * @returns {boolean} whether trying again at once makes sense
 */
function breakStale(folder) {
  try {
    const [name] = readdirSync(folder);
    if (name === undefined) {
      if (Date.now() - statSync(folder).mtimeMs < EMPTY_STALE_MS) return false;
    } else {
      if (!isStale(join(folder, name))) return false;
      unlinkSync(join(folder, name));
    }
    rmdirSync(folder);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT';
  }
}

/** @param {string} token */
function isStale(token) {
  const age = Date.now() - statSync(token).mtimeMs;
  if (age > STALE_MS) return true;
  try {
    const { pid, host } = JSON.parse(readFileSync(token, 'utf8'));
    return host === hostname() && !isAlive(pid);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') throw error;
    return age > EMPTY_STALE_MS; // being written, or its writer died over it
  }
}
