/** A worker process: which queues it serves, how many steps at a time, and how it stops. */
import { NativeConnection, Worker, Runtime, DefaultLogger } from '@temporalio/worker';
import type { LogLevel } from '@temporalio/worker';
import { hostname } from 'node:os';
import { createActivities } from '../activities/index.js';
import type { ActivityDependencies } from '../activities/types.js';
import { HabsburgError } from '../common/errors.js';
import { runningCode } from '../common/code.js';
import type { Device } from '../engine/devices.js';
import { openEngine, type Engine } from '../engines/client.js';
import { ENGINE_IDS, type EngineId } from '../engines/registry.js';
import type { Signer } from '../signing/envelope.js';
import { engineOf } from '../spec/placement.js';
import { QUEUES, WORKFLOW_DEPLOYMENT, enginesQueue } from '../workflows/contract.js';
import { ENGINE_MARK, enginesOn } from './engines.js';
import type { TemporalSettings } from './connection.js';
import { currentBuild, deploymentOptions, makeCurrent, promote, type Place } from './deployment.js';
import { rescue } from './rescue.js';
import { makeScratch, type Scratch } from './scratch.js';
import { sealedPayloads } from './sealed-payloads.js';
import { workerStores } from './stores.js';
import { workflowCode, type WorkflowCode } from './workflow-code.js';

export interface WorkerOptions {
  readonly temporal: TemporalSettings;
  /** `workflow`, `cpu`, `gpu`, or the name of a task queue of one's own; `QUEUE/ENGINE`: that of another engine than the default one */
  readonly queues: readonly string[];
  /** steps at a time on each activity queue */
  readonly slots: number;
  /** engine threads of one step */
  readonly threads: number;
  /** where an experiment does not say */
  readonly device: Device;
  /** folder under which the worker makes one of its own for the files of running steps; default: the system's temporary folder */
  readonly scratch?: string;
  /** keeps blobs of s3:// stores; nothing is kept without it */
  readonly blobCache?: string;
  /** who signs what the steps state */
  readonly signer: Signer;
  readonly logLevel: LogLevel;
  /** whether workflow code that is new on the server becomes what new experiments run on; an embedded server's always does */
  readonly current: boolean;
  /** aborted: drain and stop */
  readonly signal: AbortSignal;
  onReady?(): void;
}

/** Heartbeats and cancellation travel at most so late. */
const HEARTBEAT_THROTTLE = '1 second';

/** Serves until `signal` is aborted, then lets running activities go (they resume from their checkpoint elsewhere). */
export async function serve(options: WorkerOptions): Promise<void> {
  Runtime.install({
    logger: new DefaultLogger(options.logLevel, (entry) =>
      process.stderr.write(
        `${JSON.stringify({ time: new Date().toISOString(), level: entry.level, message: entry.message, ...plain(entry.meta) })}\n`,
      ),
    ),
  });
  const engines = await enginesFor(options);
  const connection = await connected(options.temporal);
  const scratch = makeScratch(options.scratch);
  const { secret } = options.temporal;
  try {
    const common = {
      connection,
      namespace: options.temporal.namespace,
      // `habsburg run` reads from it how many steps go on at a time (cli/workers.ts)
      identity: `${process.pid}@${hostname()}, ${options.slots} ${options.slots === 1 ? 'slot' : 'slots'}`,
      shutdownGraceTime: '1 second',
      shutdownForceTime: '20 seconds',
    } as const;
    const workers: Worker[] = [];
    const place: Place = { connection, namespace: options.temporal.namespace };
    const code = options.queues.includes('workflow') ? await workflowCode() : undefined;
    if (code && secret) await takeOver({ ...options.temporal, connection, secret }, code);
    for (const queue of options.queues) {
      if (queue === 'workflow') {
        workers.push(
          await Worker.create({
            ...common,
            taskQueue: QUEUES.workflow,
            workflowBundle: code!.bundle,
            workerDeploymentOptions: deploymentOptions(code!.buildId, secret !== undefined),
            dataConverter: secret && sealedPayloads(secret, 'mark'),
            maxCachedWorkflows: 200,
          }),
        );
      } else {
        const taskQueue = taskQueueOf(queue);
        const engine = engines.get(engineOf(taskQueue)!)!;
        const { chooseEngine, ...activities } = createActivities(
          dependencies(options, engine, scratch, () => enginesOn(connection, options.temporal.namespace, taskQueue)),
        );
        workers.push(
          await Worker.create({
            ...common,
            taskQueue,
            activities,
            dataConverter: secret && sealedPayloads(secret, 'refuse'),
            maxConcurrentActivityTaskExecutions: options.slots,
            maxHeartbeatThrottleInterval: HEARTBEAT_THROTTLE,
            defaultHeartbeatThrottleInterval: HEARTBEAT_THROTTLE,
          }),
          // asks for work also while every slot is taken, so that it is seen which engines live
          await Worker.create({
            ...common,
            taskQueue: enginesQueue(taskQueue),
            identity: `${common.identity}${ENGINE_MARK}${engine.fingerprint(options.device)}`,
            activities: { chooseEngine },
            dataConverter: secret && sealedPayloads(secret, 'refuse'),
            maxConcurrentActivityTaskExecutions: 1,
            maxConcurrentActivityTaskPolls: 1,
          }),
        );
      }
    }
    const stop = () => workers.forEach((worker) => worker.getState() === 'RUNNING' && worker.shutdown());
    options.signal.addEventListener('abort', stop, { once: true });
    const running = Promise.all(workers.map((worker) => worker.run()));
    running.catch(() => undefined); // awaited below
    if (code && !secret && options.current) await Promise.race([running, promoted(place, code)]);
    options.onReady?.();
    if (options.signal.aborted) stop();
    await running;
  } catch (error) {
    throw refused(error, options.temporal);
  } finally {
    scratch.remove();
    await connection.close();
  }
}

/** `cpu` and `gpu` are short for ours, also before the name of an engine. */
function taskQueueOf(queue: string): string {
  return queue.replace(/^(cpu|gpu)(?=$|\/)/, (name) => QUEUES[name as 'cpu' | 'gpu']);
}

/**
 * The engines of the task queues, each asked who it is: what they say holds for as long as this worker lives.
 * @throws HabsburgError 'invalid' for a queue of an engine that there is none of, or where one has not the worker's device
 */
async function enginesFor({ queues, threads, device }: WorkerOptions): Promise<Map<EngineId, Engine>> {
  const engines = new Map<EngineId, Engine>();
  for (const queue of queues.filter((name) => name !== 'workflow')) {
    const id = engineOf(queue);
    if (id === undefined)
      throw new HabsburgError(
        'invalid',
        `the task queue ${queue} is of an engine that there is none of; known: ${ENGINE_IDS.join(', ')}`,
      );
    if (engines.has(id)) continue;
    const engine = await openEngine(id, { threads, device });
    engine.fingerprint(device); // throws where there is none such
    engines.set(id, engine);
  }
  return engines;
}

/** The workers of an embedded server are of one build: what other workflow code has left is made to go on under this one. */
async function takeOver(server: { connection: NativeConnection; namespace: string; secret: Uint8Array }, code: WorkflowCode) {
  if ((await currentBuild(server)) === code.buildId) return;
  for (const name of await rescue({ ...server, bundle: code.bundle }))
    Runtime.instance().logger.warn(
      'an experiment was left under other workflow code that did things in another order; it is started again, its finished steps are kept',
      { experiment: name, buildId: code.buildId },
    );
  await makeCurrent(server, code.buildId);
}

/** Who cannot make it current goes on with what is pinned to it. */
async function promoted(place: Place, { buildId }: WorkflowCode): Promise<void> {
  const { logger } = Runtime.instance();
  try {
    const current = await promote(place, buildId);
    if (current === buildId) return;
    logger.warn('new experiments go to the workers of another version, which is current and served; this one serves its own', {
      buildId,
      current,
    });
  } catch (error) {
    logger.warn(
      `this version could not be made current, so new experiments do not come to it: temporal worker deployment set-current-version --deployment-name ${WORKFLOW_DEPLOYMENT} --build-id ${buildId} does it, on a server that is 1.29.1 or newer`,
      { reason: (error as Error).message },
    );
  }
}

async function connected({ connection }: TemporalSettings): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect(connection);
  } catch (error) {
    throw new HabsburgError(
      'unreachable',
      `no Temporal server answers at ${connection.address}; start one (habsburg dev, which has workers of its own) or correct --address, TEMPORAL_ADDRESS, TEMPORAL_TLS and TEMPORAL_API_KEY`,
      { cause: error },
    );
  }
}

/** A worker that the server sends away when it first asks: the namespace is not there, or not ours. */
function refused(error: unknown, { namespace }: TemporalSettings): unknown {
  const text = error instanceof Error ? `${error.message} ${error.cause instanceof Error ? error.cause.message : ''}` : '';
  if (!/namespace/i.test(text)) return error;
  return new HabsburgError(
    'unreachable',
    `the Temporal server does not serve the namespace ${namespace} to this worker; set TEMPORAL_NAMESPACE or --namespace to one that it has`,
    { cause: error },
  );
}

function dependencies(
  options: WorkerOptions,
  engine: Engine,
  scratch: Scratch,
  livingEngines: ActivityDependencies['livingEngines'],
): ActivityDependencies {
  return {
    openStore: workerStores(options.blobCache),
    runJob: engine.run,
    engineFingerprint: engine.fingerprint,
    livingEngines,
    device: options.device,
    signer: options.signer,
    code: runningCode(),
    get scratch() {
      return scratch.path;
    },
  };
}

/** Log metadata without what JSON cannot carry. */
function plain(meta: Record<string, unknown> | undefined): Record<string, unknown> {
  if (!meta) return {};
  return Object.fromEntries(
    Object.entries(meta).map(([key, value]) => [
      key,
      typeof value === 'bigint' ? String(value) : value instanceof Error ? value.message : value,
    ]),
  );
}
