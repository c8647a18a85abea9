/**
 * The workers of the workflow queue as versions of one Temporal worker deployment. A workflow is pinned to the version that it began
 * with and goes over to the current one where it continues as new, so other workflow code never meets a history that it did not
 * write. Steps are no part of it: their queues have no versions, and their inputs are a contract of their own.
 */
import type { NativeConnection, WorkerDeploymentOptions } from '@temporalio/worker';
import { setTimeout as sleep } from 'node:timers/promises';
import { QUEUES, WORKFLOW_DEPLOYMENT as NAME } from '../workflows/contract.js';

/** Where a server's versions are seen to. */
export interface Place {
  readonly connection: Pick<NativeConnection, 'workflowService'>;
  readonly namespace: string;
}

/**
 * @param embedded on an embedded server, which has the workers of one build alone: a workflow goes to those that there are, whatever
 *   build it began with (workers/rescue.ts has seen to it that they can go on with it)
 */
export function deploymentOptions(buildId: string, embedded: boolean): WorkerDeploymentOptions {
  return {
    useWorkerVersioning: true,
    version: { deploymentName: NAME, buildId },
    defaultVersioningBehavior: embedded ? 'AUTO_UPGRADE' : 'PINNED',
  };
}

/** The build that new workflows go to; undefined where none has been made current yet. */
export async function currentBuild(place: Place): Promise<string | undefined> {
  return (await describe(place))?.current;
}

/** Makes a build current, also one that no worker has served yet. */
export async function makeCurrent(place: Place, buildId: string): Promise<void> {
  await retried(() => setCurrent(place, buildId, true));
}

/**
 * Makes a build current that is served by now: a new one, or one that was current before if nobody serves the present one. A worker
 * of an earlier build that is started again so takes nothing away from a later one, and who rolled back by hand is not overruled.
 * @returns the build that is current afterwards
 */
export async function promote(place: Place, buildId: string): Promise<string> {
  return retried(async () => {
    const deployment = await describe(place);
    const own = deployment?.versions.find((version) => version.buildId === buildId);
    if (!deployment || !own) throw new NotYet(`the server does not know the version ${NAME}:${buildId} yet`);
    const { current } = deployment;
    if (current === buildId) return current;
    if (current !== undefined && own.wasActive && (await buildsServing(place)).has(current)) return current;
    await setCurrent(place, buildId, false);
    return buildId;
  });
}

/** Builds whose workers have asked for work lately; a worker asks again at least once a minute. */
export async function buildsServing({ connection, namespace }: Place): Promise<Set<string>> {
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: QUEUES.workflow },
    taskQueueType: WORKFLOW,
  });
  const since = Date.now() / 1000 - ALIVE_S;
  const living = (pollers ?? []).filter(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) >= since);
  return new Set(living.map(({ deploymentOptions }) => deploymentOptions?.buildId ?? ''));
}

/** temporal.api.enums.v1.TaskQueueType */
const WORKFLOW = 1;
const ALIVE_S = 75;
/** gRPC's codes: the server has not heard of the version yet, or has not settled who serves it; or does not answer just now. */
const [DEADLINE_EXCEEDED, NOT_FOUND, FAILED_PRECONDITION, UNAVAILABLE] = [4, 5, 9, 14];
/** the server knows a version about a second after its first worker asks for work */
const PATIENCE_MS = 60_000;

class NotYet extends Error {}

interface Deployment {
  readonly current: string | undefined;
  readonly versions: readonly { readonly buildId: string; readonly wasActive: boolean }[];
}

async function describe({ connection, namespace }: Place): Promise<Deployment | undefined> {
  try {
    const request = { namespace, deploymentName: NAME };
    const { workerDeploymentInfo } = await connection.workflowService.describeWorkerDeployment(request);
    return {
      current: workerDeploymentInfo?.routingConfig?.currentDeploymentVersion?.buildId ?? undefined,
      versions: (workerDeploymentInfo?.versionSummaries ?? []).map(({ deploymentVersion, firstActivationTime }) => ({
        buildId: deploymentVersion?.buildId ?? '',
        wasActive: Boolean(firstActivationTime),
      })),
    };
  } catch (error) {
    if (codeOf(error) === NOT_FOUND) return undefined;
    throw error;
  }
}

/** @param unserved whether the server may not know its workers, or not yet on every queue */
async function setCurrent({ connection, namespace }: Place, buildId: string, unserved: boolean): Promise<void> {
  await connection.workflowService.setWorkerDeploymentCurrentVersion({
    namespace,
    deploymentName: NAME,
    buildId,
    identity: `habsburg worker ${process.pid}`,
    allowNoPollers: unserved,
    ignoreMissingTaskQueues: unserved,
  });
}

async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + PATIENCE_MS; ; await sleep(200)) {
    try {
      return await work();
    } catch (error) {
      const passing = error instanceof NotYet || PASSING.has(codeOf(error) ?? -1);
      if (!passing || Date.now() > deadline) throw error;
    }
  }
}
const PASSING = new Set([DEADLINE_EXCEEDED, NOT_FOUND, FAILED_PRECONDITION, UNAVAILABLE]);

const codeOf = (error: unknown): number | undefined =>
  (error as { code?: number }).code ?? ((error as Error).cause as { code?: number } | undefined)?.code;
