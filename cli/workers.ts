/** Who serves a task queue, and how many steps at a time: what the server tells about workers that have asked it for work. */
import type { Client } from '@temporalio/client';

/** temporal.api.enums.v1.TaskQueueType */
const TYPES = { workflow: 1, activity: 2 } as const;
/** A worker asks again at least once a minute; one that has not is gone. */
const ALIVE_MS = 75_000;

/** Identities of the workers that serve a queue now. */
export async function workersOn(client: Client, queue: string, type: keyof typeof TYPES): Promise<string[]> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: queue },
    taskQueueType: TYPES[type],
  });
  const since = Date.now() - ALIVE_MS;
  return (pollers ?? [])
    .filter(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 >= since)
    .map(({ identity }) => identity ?? '');
}

/** Steps at a time of workers together; their identities say it (workers/worker.ts). Another program's worker counts as one. */
export function slotsOf(identities: readonly string[]): number {
  return identities.reduce((sum, identity) => sum + Number(/, (\d+) slots?$/.exec(identity)?.[1] ?? 1), 0);
}
