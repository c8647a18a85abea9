/**
 * A lease keeps two runs of a sweep from computing the same step at the same time. It saves work and nothing depends on it:
 * results are content-addressed, so two holders would publish the same bytes. Staleness is judged by whether the holder still
 * counts up, never by comparing clocks of two machines.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { ArtifactStore } from '../artifacts/types.js';
import { isHabsburgError } from '../common/errors.js';

const leaseDocument = z.object({
  /** the activity that holds it, without its attempt: a later attempt takes over at once */
  holder: z.string(),
  nonce: z.string(),
  beat: z.number(),
});
type LeaseDocument = z.infer<typeof leaseDocument>;

const RENEW_MS = 3_000;
const STALE_MS = 12_000;
const POLL_MS = 500;
/** Longer than what lies between a look at a lease and a write that it led to. */
const SETTLE_MS = 1_000;

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
  let seen: string | undefined;
  let seenSince = Date.now();
  /** an earlier attempt's of the same activity, which was there from the start: one that comes later is somebody's who waits as well */
  let earlier: string | undefined;
  while (!(await store.writeName(name, mine, { ifAbsent: true }))) {
    signal.throwIfAborted();
    const other = await readLease(store, name);
    const state = JSON.stringify(other);
    if (seen === undefined && other !== undefined && other !== 'unreadable' && other.holder === holder) earlier = other.nonce;
    if (state !== seen) {
      seen = state;
      seenSince = Date.now();
    }
    const stale = other === 'unreadable' || (other !== undefined && other.nonce === earlier) || Date.now() - seenSince > STALE_MS;
    // one that is gone again (undefined) is free: the next turn takes it, unless somebody else does
    if (other !== undefined && stale) {
      await store.writeName(name, mine);
      // others that waited may have come to the same at the same moment: who wrote last has it
      await sleep(SETTLE_MS, undefined, { signal });
      const last = await readLease(store, name);
      if (last !== undefined && last !== 'unreadable' && last.nonce === mine.nonce) break;
      continue;
    }
    if (await done()) return undefined;
    await sleep(POLL_MS, undefined, { signal });
  }
  return hold(store, name, mine);
}

function hold(store: ArtifactStore, name: string, mine: LeaseDocument): Lease {
  let beat = 0;
  let released = false;
  const isAnothers = async () => {
    const found = await readLease(store, name);
    return found !== undefined && found !== 'unreadable' && found.nonce !== mine.nonce;
  };
  const renewOnce = async () => {
    if (await isAnothers()) {
      // we were stopped for so long that another took over: leave it alone
      released = true;
      clearInterval(timer);
    } else if (!released) await store.writeName(name, { ...mine, beat: ++beat });
  };
  let renewing: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    // A missed renewal costs at most duplicated work; the step itself reports a store that stays away.
    renewing = renewOnce().catch(() => undefined);
  }, RENEW_MS);
  timer.unref();
  return {
    async release() {
      clearInterval(timer);
      if (released) return;
      released = true;
      await renewing;
      if (!(await isAnothers().catch(() => true))) await store.deleteName(name).catch(() => undefined);
    },
  };
}

/** Who holds it; a lease that cannot be read holds nobody off. */
async function readLease(store: ArtifactStore, name: string): Promise<LeaseDocument | 'unreadable' | undefined> {
  try {
    return await store.readName(name, leaseDocument);
  } catch (error) {
    if (isHabsburgError(error) && error.kind === 'verification') return 'unreadable';
    throw error;
  }
}
