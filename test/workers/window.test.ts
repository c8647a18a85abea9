/** The sliding window on a real server: what the world without one (test/workflows/window.test.ts) takes for granted of it. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Client, Connection, type WorkflowFailedError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflows } from '../../infra/workflow-bundle.mjs';
import { loadExperiment } from '../../spec/load.js';
import {
  QUEUES,
  checkSignal,
  enginesQueue,
  experimentProgressQuery,
  pauseUpdate,
  resumeUpdate,
} from '../../workflows/contract.js';
import type { ExperimentInput, RunInput } from '../../workflows/contract.js';
import { SERVER_TIMEOUT_MS, temporalServer, type TestTemporal } from '../support/servers.js';
import { standIns } from '../support/stand-ins.mjs';

const pathOf = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));

let temporal: TestTemporal;
let connection: NativeConnection;
let client: Client;
let workers: Worker[];
let ends: Promise<unknown>;
/** runs whose training of generation 1 waits, by seed */
let held: (seed: number) => boolean;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'OFF' } } });
  const code = await bundleWorkflows(pathOf('workflows'), 'ts');
  temporal = await temporalServer();
  connection = await NativeConnection.connect({ address: temporal.address });
  client = new Client({ connection: await Connection.connect({ address: temporal.address }) });
  const activities = standIns(async (step, generation, seed) => {
    while (step === 'finetune' && generation === 1 && held(seed)) await sleep(50);
  });
  workers = await Promise.all([
    Worker.create({ connection, taskQueue: QUEUES.workflow, workflowBundle: { code } }),
    Worker.create({ connection, taskQueue: QUEUES.cpu, activities }),
    Worker.create({ connection, taskQueue: enginesQueue(QUEUES.cpu), activities }),
  ]);
  ends = Promise.all(workers.map((worker) => worker.run()));
}, SERVER_TIMEOUT_MS);
beforeEach(() => {
  held = () => false;
});
afterAll(async () => {
  held = () => false;
  workers.forEach((worker) => worker.shutdown());
  await ends;
  await client.connection.close();
  await connection.close();
  await temporal.stop();
});

async function start(name: string, seeds: number, concurrency: number, eventLimit = 60) {
  const { plan } = await loadExperiment(pathOf('test/loop/tiny.yaml'), {
    sets: [
      `name=${name}`,
      'generations=1',
      `seeds=[${Array.from({ length: seeds }, (_, i) => i + 1).join()}]`,
      'conditions=[{name: replace, mixture: {kind: replace}}]',
      `execution.concurrency=${concurrency}`,
      'execution.heartbeatSeconds=60',
    ],
  });
  const args: [ExperimentInput] = [{ plan, store: 'file:///store', eventLimit }];
  return client.workflow.start('experiment', { workflowId: name, taskQueue: QUEUES.workflow, args });
}
const idOf = (name: string, seed: number) => `${name}/replace/seed-${seed}`;
const progress = (name: string) => client.workflow.getHandle(name).query(experimentProgressQuery);
const statusOf = async (workflowId: string) => (await client.workflow.getHandle(workflowId).describe()).status.name;
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(100))
    if (await holds().catch(() => false)) return;
  throw new Error(`waited in vain: ${what}`);
}
/** Whether the present execution is not the first. */
async function continued(workflowId: string): Promise<boolean> {
  const { execution, firstRunId } = (await client.workflow.getHandle(workflowId).describe()).raw.workflowExecutionInfo!;
  return execution!.runId !== firstRunId;
}

test(
  'runs outlive executions of their experiment: told and heard, and missed where they are ended by force',
  async () => {
    held = (seed) => seed <= 2;
    const handle = await start('window', 12, 4);
    await until('all others are done', async () => (await progress('window')).done === 10);
    expect(await continued('window')).toBe(true);
    expect((await progress('window')).running).toEqual(['replace/seed-1', 'replace/seed-2']);
    await handle.executeUpdate(pauseUpdate);
    await until('the pause arrives', async () => {
      const { phase } = await client.workflow.getHandle(idOf('window', 1)).query<{ phase: string }>('progress');
      return phase === 'paused';
    });
    await handle.executeUpdate(resumeUpdate);
    await client.workflow.getHandle(idOf('window', 2)).terminate('a test');
    await client.workflow.getHandle('window').signal(checkSignal);
    await until('it is missed', async () => (await progress('window')).failed === 1);
    held = () => false;
    expect(await client.workflow.getHandle('window').result()).toMatchObject({
      status: 'partly failed',
      runs: 12,
      failed: 1,
      failures: [{ run: 'replace/seed-2', message: 'it was ended by force, or the server no longer knows it' }],
    });
  },
  SERVER_TIMEOUT_MS,
);

test(
  'cancellation reaches all of them',
  async () => {
    held = (seed) => seed > 6;
    await start('cancelled', 40, 6, 30);
    await until('the window is full of held ones', async () => {
      const { done, running } = await progress('cancelled');
      return done === 6 && running.length === 6;
    });
    expect(await continued('cancelled')).toBe(true);
    await client.workflow.getHandle('cancelled').cancel();
    await sleep(500);
    held = () => false;
    const failure = await client.workflow.getHandle('cancelled').result().catch((error: unknown) => error); // prettier-ignore
    expect((failure as WorkflowFailedError).cause).toBeInstanceOf(CancelledFailure);
    for (let seed = 7; seed <= 12; seed++) await until(`${seed} has ended`, async () => (await statusOf(idOf('cancelled', seed))) === 'CANCELLED'); // prettier-ignore
  },
  SERVER_TIMEOUT_MS,
);

test(
  'an experiment takes its runs over from one of its name that was ended by force',
  async () => {
    held = () => true;
    const first = await start('again', 2, 2, 1000);
    const turn = async (seed: number) => {
      const { events } = await client.workflow.getHandle(idOf('again', seed)).fetchHistory();
      const [{ data }] = events![0].workflowExecutionStartedEventAttributes!.input!.payloads!;
      return (JSON.parse(Buffer.from(data!).toString()) as RunInput).startedBy!.turn;
    };
    await until('both are there', async () => (await progress('again')).running.length === 2 && Boolean(await turn(2)));
    const before = [await turn(1), await turn(2)];
    await first.terminate('a test');
    const second = await start('again', 2, 2, 1000);
    await sleep(3_000);
    held = () => false;
    expect(await second.result()).toMatchObject({ status: 'done', runs: 2, failed: 0 });
    expect([await turn(1), await turn(2)]).not.toEqual(before);
  },
  SERVER_TIMEOUT_MS,
);
