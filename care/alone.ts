/** One collector at a time: a document that counts up while it works. One that has stopped counting was killed, and is succeeded. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { LAPSE_MS, RENEW_MS } from '../artifacts/writers.js';
import type { ArtifactStore } from '../artifacts/types.js';
import { HabsburgError } from '../common/errors.js';

const NAME = 'gc/collector';
const POLL_MS = 1_000;

interface Collector {
  readonly id: string;
  readonly beat: number;
}

/**
 * Does `work` while nobody else collects.
 * @param work is given what throws as soon as another has taken over, to be asked before each deed
 * @throws 'unreachable' where another collects now
 */
export async function alone<T>(
  store: ArtifactStore,
  work: (assertAlone: () => Promise<void>) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const id = randomUUID();
  let beat = 0;
  const tell = () => store.writeName(NAME, { id, beat: beat++ } satisfies Collector);
  const present = () => store.readName<Collector>(NAME).catch(() => undefined);
  if (!(await store.writeName(NAME, { id, beat: beat++ }, { ifAbsent: true }))) {
    await untilStill(present, store.objects.url, signal);
    await tell();
    // others may have waited, too: who wrote last has it
    await sleep(POLL_MS, undefined, { signal });
  }
  const assertAlone = async () => {
    signal?.throwIfAborted();
    if ((await present())?.id !== id) throw another(store.objects.url);
  };
  await assertAlone();
  const timer = setInterval(() => {
    assertAlone().then(tell).catch(() => undefined); // prettier-ignore
  }, RENEW_MS);
  try {
    return await work(assertAlone);
  } finally {
    clearInterval(timer);
    if ((await present())?.id === id) await store.deleteName(NAME);
  }
}

async function untilStill(present: () => Promise<Collector | undefined>, url: string, signal?: AbortSignal): Promise<void> {
  const first = JSON.stringify(await present());
  for (const began = performance.now(); performance.now() - began < LAPSE_MS; await sleep(POLL_MS, undefined, { signal })) {
    const now = await present();
    if (now === undefined) return;
    if (JSON.stringify(now) !== first) throw another(url);
  }
}

const another = (url: string) =>
  new HabsburgError('unreachable', `somebody else collects in ${url} now; wait until that is done and try again`);
