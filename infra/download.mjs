// The download rung: Temporal's own release archive, from where the SDK itself downloads it, checked against a pinned SHA-256.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { goPlatform, PINS } from './versions.mjs';

/** Time for an answer to begin: on a machine without that route the next rung must get its turn soon. */
const ANSWER_MS = 10_000;
/** Time for the whole archive (45 MB). */
const TOTAL_MS = 300_000;

/** @typedef {(url: string, init?: RequestInit) => Promise<Response>} Fetch */

/**
 * Downloads a server's release archive and writes its binary to `target`.
 * @param {import('./versions.mjs').ToolName} name
 * @param {string} target path of the binary to write
 * @param {{ fetch?: Fetch, onDetail?: (detail: string) => void, signal?: AbortSignal }} [options]
 * @throws {Error} with the reason, where nothing is pinned for this platform, the download is refused or its digest is another
 */
export async function downloadTool(name, target, { fetch = globalThis.fetch, onDetail, signal } = {}) {
  const platform = goPlatform();
  const expected = PINS[name].archives[platform];
  if (!expected) throw new Error(`no release archive is pinned for ${platform}`);
  const [os, arch] = platform.split('-');
  const url = `https://temporal.download/cli/archive/v${PINS.temporal.version}?platform=${os}&arch=${arch}`;
  const archive = await get(url, fetch, onDetail, signal);
  const digest = createHash('sha256').update(archive).digest('hex');
  if (digest !== expected)
    throw new Error(`the archive from temporal.download has SHA-256 ${digest}, not the pinned ${expected}`);
  writeFileSync(target, extract(gunzipSync(archive), name), { mode: 0o755 });
}

/**
 * @param {string} url
 * @param {Fetch} fetch
 * @param {((detail: string) => void) | undefined} onDetail
 * @param {AbortSignal | undefined} signal
 */
async function get(url, fetch, onDetail, signal) {
  const abort = new AbortController();
  signal?.addEventListener('abort', () => abort.abort(signal.reason), { once: true });
  let timer = setTimeout(() => abort.abort(new Error(`no answer within ${ANSWER_MS / 1000} s`)), ANSWER_MS);
  try {
    const response = await fetch(url, { signal: abort.signal });
    clearTimeout(timer);
    if (!response.ok || !response.body) throw new Error(`temporal.download answered ${response.status}`);
    timer = setTimeout(() => abort.abort(new Error(`not finished within ${TOTAL_MS / 1000} s`)), TOTAL_MS);
    const chunks = [];
    let received = 0;
    for await (const chunk of response.body) {
      chunks.push(chunk);
      received += chunk.length;
      onDetail?.(`downloaded ${Math.round(received / 1e6)} MB`);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new Error(`temporal.download: ${cause instanceof Error ? cause.message : cause}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The bytes of one file of a tar archive (POSIX headers: name at 0, size in octal at 124, blocks of 512).
 * @param {Buffer} tar
 * @param {string} name base name of the file
 * @returns {Buffer}
 */
export function extract(tar, name) {
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0;) {
    const path = tar.toString('utf8', at, at + 100).replace(/\0.*$/s, '');
    const size = parseInt(tar.toString('latin1', at + 124, at + 136), 8);
    if (path.split('/').pop() === name) return tar.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  throw new Error(`the archive holds no file ${name}`);
}
