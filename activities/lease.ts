/**
 * A lease keeps two runs of a sweep from computing the same step at the same time. It saves work and nothing depends on it:
 * results are content-addressed, so two holders would publish the same bytes. Staleness is judged by whether the holder still
 * counts up, never by comparing clocks of two machines.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ArtifactStore } from '../artifacts/types.js';

interface LeaseDocument {
  /** the activity that holds it, without its attempt: a later attempt takes over at once */
  readonly holder: string;
  readonly nonce: string;
  readonly beat: number;
}

const RENEW_MS = 3_000;
const STALE_MS = 12_000;
const POLL_MS = 500;

export interface Lease {
  release(): Promise<void>;
}

/**
 * Waits for the lease on `key`, or for `done` to say that there is nothing left to do.
 * @returns the lease, or undefined when `done` became true first
 */
export async function acquireLease(
  store: ArtifactStore,
  key: string,
  holder: string,
  done: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<Lease | undefined> {
  const name = `leases/${key.replace('sha256:', '')}`;
  const mine: LeaseDocument = { holder, nonce: randomUUID(), beat: 0 };
  let seen = '';
  let seenSince = Date.now();
  while (!(await store.writeName(name, mine, { ifAbsent: true }))) {
    signal.throwIfAborted();
    const other = await store.readName<LeaseDocument>(name);
    const state = JSON.stringify(other);
    if (state !== seen) {
      seen = state;
      seenSince = Date.now();
    }
    if (!other) continue;
    if (other.holder === holder || Date.now() - seenSince > STALE_MS) {
      await store.writeName(name, mine);
      break;
    }
    if (await done()) return undefined;
    await sleep(POLL_MS, undefined, { signal });
  }
  let beat = 0;
  const renew = setInterval(() => {
    // A missed renewal costs at most duplicated work; the step itself reports a store that stays away.
    store.writeName(name, { ...mine, beat: ++beat }).catch(() => undefined);
  }, RENEW_MS);
  renew.unref();
  return {
    async release() {
      clearInterval(renew);
      await store.deleteName(name).catch(() => undefined);
    },
  };
}
