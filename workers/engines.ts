/** Which engines serve a task queue: their workers say it in the identity with which they ask for work. */
import type { NativeConnection } from '@temporalio/worker';
import { enginesQueue } from '../workflows/contract.js';

/** Before the fingerprint in an identity. */
export const ENGINE_MARK = ' | ';
/** temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY */
const ACTIVITY = 2;
/** A worker asks again at least once a minute; one that has not for longer than another just did is gone. */
const ALIVE_S = 75;

interface Poller {
  readonly identity?: string | null;
  readonly lastAccessTime?: { readonly seconds?: unknown } | null;
}

export async function enginesOn(connection: NativeConnection, namespace: string, queue: string): Promise<string[]> {
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: enginesQueue(queue) },
    taskQueueType: ACTIVITY,
  });
  return livingEngines(pollers ?? []);
}

/** Fingerprints, each once, in order; ages are compared among the workers, by the server's clock alone. */
export function livingEngines(pollers: readonly Poller[]): string[] {
  const seen = (poller: Poller) => Number(poller.lastAccessTime?.seconds ?? 0);
  const newest = Math.max(0, ...pollers.map(seen));
  const named = pollers
    .filter((poller) => newest - seen(poller) <= ALIVE_S)
    .map(({ identity }) => identity?.split(ENGINE_MARK)[1])
    .filter((engine) => engine !== undefined);
  return [...new Set(named)].sort();
}
