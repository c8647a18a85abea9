/** Activity proxies with their timeouts and retries. Which errors are final is decided in activities/failures.ts. */
import type { ActivityInterfaceFor } from '@temporalio/workflow';
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/types.js';

/** An activity that says nothing for so long is taken for dead and started again elsewhere. */
const HEARTBEAT_TIMEOUT = '20 seconds';

/** Steps on a task queue. Long by nature: no limit on their duration but their heartbeat. */
export function stepsOn(
  taskQueue: string,
  heartbeatTimeout: string | number = HEARTBEAT_TIMEOUT,
): ActivityInterfaceFor<Activities> {
  return proxyActivities<Activities>({
    taskQueue,
    startToCloseTimeout: '30 days',
    heartbeatTimeout,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '15 seconds' },
  });
}

/** Small documents in the store. */
export function recordsOn(taskQueue: string): ActivityInterfaceFor<Pick<Activities, 'recordPlan' | 'recordRun'>> {
  return proxyActivities<Pick<Activities, 'recordPlan' | 'recordRun'>>({
    taskQueue,
    startToCloseTimeout: '1 minute',
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '15 seconds' },
  });
}
