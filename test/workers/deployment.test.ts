/** A run that is half done when the workers get other workflow code: on a server of one's own, and on an embedded one. */
import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflows } from '../../infra/workflow-bundle.mjs';
import { servingBuilds, troubleOfCurrent } from '../../cli/trouble.js';
import { loadExperiment } from '../../spec/load.js';
import { currentBuild, deploymentOptions, makeCurrent, promote } from '../../workers/deployment.js';
import { rescue } from '../../workers/rescue.js';
import { sealedPayloads } from '../../workers/sealed-payloads.js';
import { buildIdOf } from '../../workers/workflow-code.js';
import { QUEUES, enginesQueue, extendUpdate } from '../../workflows/contract.js';
import { SERVER_TIMEOUT_MS, temporalServer, type TestTemporal } from '../support/servers.js';
import { standIns } from '../support/stand-ins.mjs';

const pathOf = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));
const RUN = 'tiny/replace/seed-1';

/** the workflow code, the same with another text in it, and one that records before it prepares instead of after it */
let [code, reworded, reordered] = ['', '', ''];
let temporal: TestTemporal;
let connection: NativeConnection;
let secret: Uint8Array | undefined;
let client: Client;
let steps: Worker[];
let stepsEnd: Promise<unknown>;
/** generation that a run may not fine-tune for yet, and of which seeds */
let heldAt = 1;
let heldSeeds = (_seed: number) => true;
let done: string[] = [];

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'OFF' } } });
  code = await bundleWorkflows(pathOf('workflows'), 'ts');
  reworded = code.replace('was cancelled', 'was canceled');
  reordered = code.replace(
    /(if \(plan\.kind === (?:undefined|void 0) && !input\.carried\)\s*await prepare\(plan\);)(\s*)(if \(!input\.carried\)\s*await records\.status\(['"]running['"]\);)/,
    '$3$2$1',
  );
  expect(new Set([code, reworded, reordered].map(buildIdOf)).size).toBe(3);
}, SERVER_TIMEOUT_MS);

async function begin(options: { embedded: boolean }): Promise<void> {
  temporal = await temporalServer();
  connection = await NativeConnection.connect({ address: temporal.address });
  secret = options.embedded ? randomBytes(32) : undefined;
  client = new Client({
    connection: await Connection.connect({ address: temporal.address }),
    dataConverter: secret && sealedPayloads(secret, 'show'),
  });
  const activities = standIns(async (step, generation, seed) => {
    while (step === 'finetune' && generation === heldAt && heldSeeds(seed)) await sleep(20);
    done.push(`${step} ${generation}`);
  });
  const common = { connection, activities, dataConverter: secret && sealedPayloads(secret, 'refuse') };
  steps = [
    await Worker.create({ ...common, taskQueue: QUEUES.cpu }),
    await Worker.create({ ...common, taskQueue: enginesQueue(QUEUES.cpu) }),
  ];
  stepsEnd = Promise.all(steps.map((worker) => worker.run()));
}
beforeEach(() => {
  heldAt = 1;
  heldSeeds = () => true;
  done = [];
});
afterEach(async () => {
  heldAt = -1;
  steps.forEach((worker) => worker.shutdown());
  await stepsEnd;
  await client.connection.close();
  await connection.close();
  await temporal.stop();
});

interface Serving {
  stop(): Promise<void>;
}
async function serve(bundle: string): Promise<Serving> {
  const worker = await Worker.create({
    connection,
    taskQueue: QUEUES.workflow,
    workflowBundle: { code: bundle },
    workerDeploymentOptions: deploymentOptions(buildIdOf(bundle), secret !== undefined),
    dataConverter: secret && sealedPayloads(secret, 'mark'),
  });
  const running = worker.run();
  return {
    stop: async () => {
      worker.shutdown();
      await running;
    },
  };
}
const place = () => ({ connection, namespace: 'default' });

async function start(generations: number, { seeds = [1], concurrency = 1, eventLimit = undefined as number | undefined } = {}) {
  const { plan } = await loadExperiment(pathOf('test/loop/tiny.yaml'), {
    sets: [
      `generations=${generations}`,
      'conditions=[{name: replace, mixture: {kind: replace}}]',
      `seeds=[${seeds.join()}]`,
      `execution.concurrency=${concurrency}`,
    ],
  });
  const args = [{ plan, store: 'file:///store', eventLimit }];
  return client.workflow.start('experiment', {
    workflowId: 'tiny',
    taskQueue: QUEUES.workflow,
    args,
    memo: { plan: 'its plan' },
  });
}
async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 40_000; Date.now() < deadline; await sleep(50)) if (await holds()) return;
  throw new Error(`waited in vain: ${what}`);
}
/** Of each execution of a workflow, oldest first: the builds that did its tasks. */
async function buildsOf(workflowId: string): Promise<string[][]> {
  const builds: string[][] = [];
  for await (const { runId } of client.workflow.list({ query: `WorkflowId = "${workflowId}"` })) {
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const tasks = (events ?? []).flatMap((event) => event.workflowTaskCompletedEventAttributes ?? []);
    builds.unshift([...new Set(tasks.map(({ deploymentVersion }) => deploymentVersion?.buildId ?? ''))]);
  }
  return builds;
}

test(
  'on a server of one’s own: it stays with its version to the next generation, then goes over; an older worker takes nothing back',
  async () => {
    await begin({ embedded: false });
    const [old, young] = [code, reordered].map(buildIdOf);
    const first = await serve(code);
    expect(await promote(place(), old)).toBe(old);
    const handle = await start(3, { seeds: [1, 2] });
    await until('generation 0 is done', () => done.includes('generate 0'));

    const second = await serve(reordered);
    expect(await promote(place(), young)).toBe(young);
    expect(await promote(place(), old)).toBe(young);
    heldAt = 2;
    await until('generation 1 is done', () => done.includes('generate 1'));
    await until('it goes on', async () => (await buildsOf(RUN)).length === 2);
    // the experiment goes over some time after a run has ended, while the next is under way
    [heldAt, heldSeeds] = [1, (seed) => seed === 2];
    await until('the experiment goes over', async () => (await buildsOf('tiny')).length === 2);
    heldAt = -1;
    expect(await handle.result()).toMatchObject({ status: 'done', generations: 3, failed: 0, problems: [] });
    for (const id of [RUN, 'tiny', 'tiny/replace/seed-2']) expect(await buildsOf(id)).toEqual([[old], [young]]);
    expect(done.filter((step) => step.startsWith('prepare'))).toEqual(['prepare 0', 'prepare 0']);
    await Promise.all([first.stop(), second.stop()]);
  },
  SERVER_TIMEOUT_MS,
);

test(
  'where no version is current nothing begins, and that is told; once one is, it goes on',
  async () => {
    await begin({ embedded: false });
    heldAt = -1;
    const worker = await serve(code);
    const handle = await start(0);
    const trouble = async () => {
      const { raw } = await handle.describe();
      return troubleOfCurrent(client, 'tiny', raw, servingBuilds(client), 0);
    };
    await until('it is told', async () => (await trouble()) !== undefined);
    expect(await trouble()).toMatchObject({ workflow: 'tiny', noneCurrent: [buildIdOf(code)] });
    await promote(place(), buildIdOf(code));
    expect(await handle.result()).toMatchObject({ status: 'done' });
    expect(await trouble()).toBeUndefined();
    await worker.stop();
  },
  SERVER_TIMEOUT_MS,
);

test(
  'on an embedded server: under code that did the same it goes on, under other code it is started again, to where it was extended',
  async () => {
    await begin({ embedded: true });
    const rescued = (bundle: string) => rescue({ ...place(), secret: secret!, bundle: { code: bundle } });
    await makeCurrent(place(), buildIdOf(code));
    const first = await serve(code);
    const handle = await start(2);
    await until('generation 0 is done', () => done.includes('generate 0'));
    await handle.executeUpdate(extendUpdate, { args: [3] });
    await first.stop();

    expect(await rescued(reworded)).toEqual([]);
    await makeCurrent(place(), buildIdOf(reworded));
    const second = await serve(reworded);
    heldAt = 2;
    await until('generation 1 is done', () => done.includes('generate 1'));
    await second.stop();
    expect((await buildsOf(RUN)).at(-1)).toEqual([code, reworded].map(buildIdOf));

    expect(await rescued(reordered)).toEqual(['tiny']);
    expect(await rescued(reordered)).toEqual([]);
    await makeCurrent(place(), buildIdOf(reordered));
    expect(await currentBuild(place())).toBe(buildIdOf(reordered));
    const third = await serve(reordered);
    heldAt = -1;
    const again = client.workflow.getHandle('tiny');
    expect((await again.describe()).memo).toEqual({ plan: 'its plan' });
    expect(await again.result()).toMatchObject({ status: 'done', generations: 3, failed: 0, problems: [] });
    await third.stop();
  },
  SERVER_TIMEOUT_MS,
);

test(
  'on an embedded server: runs that were under way when the experiment last continued as new are done once more, as far as they were extended, and none is lost',
  async () => {
    await begin({ embedded: true });
    await makeCurrent(place(), buildIdOf(code));
    const first = await serve(code);
    [heldAt, heldSeeds] = [0, (seed) => seed === 1];
    await start(1, { seeds: [1, 2, 3, 4, 5, 6], concurrency: 2, eventLimit: 20 });
    await until('all but one are done', () => done.filter((step) => step === 'score 1').length === 5);
    await client.workflow.getHandle(RUN).executeUpdate(extendUpdate, { args: [2] });
    await until('it has continued as new', async () => (await buildsOf('tiny')).length > 1);
    await first.stop();

    expect(await rescue({ ...place(), secret: secret!, bundle: { code: reordered } })).toEqual(['tiny']);
    await makeCurrent(place(), buildIdOf(reordered));
    const second = await serve(reordered);
    heldAt = -1;
    expect(await client.workflow.getHandle('tiny').result()).toMatchObject({
      status: 'done',
      runs: 6,
      failed: 0,
      generations: 1,
    });
    // the one that was extended alone, before it was ended
    expect(done.filter((step) => step === 'generate 2')).toHaveLength(1);
    await second.stop();
  },
  SERVER_TIMEOUT_MS,
);
