// The window of an experiment with many runs, while it continues as new and workers are killed: is it always full, is every run done
// once, is history bounded, and does cancellation reach all?
// usage: npm run build && node bench/window.mjs [--runs 1000] [--at-a-time 32] [--seconds 12] [--event-limit 600] [--workers 3]
//        [--kill-every 10] [--cancel-at 200]
// A real server and real workflow code on workers of their own processes; a run is one step that takes so many seconds and computes
// nothing, its heartbeats apart. One worker after the other is killed (SIGKILL) and started again. Then the same once more, cancelled in
// the middle. Prints what was sampled four times a second in the workers, and what the server says afterwards.
import { Context } from '@temporalio/activity';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startTemporal } from '../dist/infra/dev-server.js';
import { loadExperiment } from '../dist/spec/load.js';
import { deploymentOptions, promote } from '../dist/workers/deployment.js';
import { buildIdOf } from '../dist/workers/workflow-code.js';
import { QUEUES, experimentProgressQuery } from '../dist/workflows/contract.js';
import { standIns } from '../test/support/stand-ins.mjs';

const number = (name, fallback) => [name, { type: 'string', default: String(fallback) }];
const { values } = parseArgs({
  options: {
    ...Object.fromEntries([number('runs', 1000), number('at-a-time', 32), number('seconds', 12), number('event-limit', 600)]),
    ...Object.fromEntries([number('workers', 3), number('kill-every', 10), number('cancel-at', 200)]),
    worker: { type: 'string' },
  },
});
const code = readFileSync(fileURLToPath(new URL('../dist/workflow-bundle.cjs', import.meta.url)), 'utf8');
const buildId = buildIdOf(code);
const seconds = Number(values.seconds);
if (values.worker !== undefined) await work(values.worker);
else await measure();

/** A worker process; its parent kills it. */
async function work(address) {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const connection = await NativeConnection.connect({ address });
  const activities = standIns(async (step) => {
    for (let tick = 0; step === 'simulate' && tick < seconds * 2; tick++) {
      Context.current().heartbeat();
      await sleep(500);
    }
  });
  const workers = await Promise.all([
    Worker.create({
      connection,
      taskQueue: QUEUES.workflow,
      workflowBundle: { code },
      workerDeploymentOptions: deploymentOptions(buildId, false),
      maxCachedWorkflows: 200,
    }),
    Worker.create({
      connection,
      taskQueue: QUEUES.cpu,
      activities,
      maxConcurrentActivityTaskExecutions: 100,
      // as workers/worker.ts
      maxHeartbeatThrottleInterval: '1 second',
      defaultHeartbeatThrottleInterval: '1 second',
    }),
  ]);
  process.send?.('ready');
  await Promise.all(workers.map((worker) => worker.run()));
}

async function measure() {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const folder = mkdtempSync(join(tmpdir(), 'habsburg-window-'));
  const server = await startTemporal({ dbFile: join(folder, 'temporal.db'), port: 0, uiPort: 0 });
  const connection = await Connection.connect({ address: server.address });
  const client = new Client({ connection });
  const workers = new Set();
  let [kills, over] = [0, false];
  const launch = async () => {
    const args = ['--worker', server.address, '--seconds', String(seconds)];
    const child = fork(fileURLToPath(import.meta.url), args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    workers.add(child);
    await new Promise((resolve) => child.once('message', resolve));
  };
  const killing = async () => {
    for (;;) {
      await sleep(Number(values['kill-every']) * 1000);
      if (over) return;
      const [oldest] = workers;
      workers.delete(oldest);
      oldest.kill('SIGKILL');
      kills++;
      await launch();
    }
  };
  try {
    await Promise.all(Array.from({ length: Number(values.workers) }, launch));
    await promote({ connection, namespace: 'default' }, buildId);
    const killer = killing();
    await whole(client, () => kills);
    await canceled(client);
    over = true;
    await killer;
  } finally {
    for (const worker of workers) worker.kill('SIGKILL');
    await connection.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function start(client, name) {
  const seeds = Number(values.runs) * 25; // a run is a block of 25 seeds
  const { plan } = await loadExperiment(fileURLToPath(new URL('../test/loop/chains.yaml', import.meta.url)), {
    sets: [
      `name=${name}`,
      `seeds={from: 1, count: ${seeds}}`,
      'generations=10',
      'conditions=[{name: replace, mixture: {kind: replace}}]',
      `execution.concurrency=${values['at-a-time']}`,
      'execution.heartbeatSeconds=5',
    ],
  });
  const args = [{ plan, store: 'file:///store', eventLimit: Number(values['event-limit']) }];
  return client.workflow.start('experiment', { workflowId: name, taskQueue: QUEUES.workflow, args });
}

/** An experiment to its end. */
async function whole(client, kills) {
  const began = Date.now();
  const handle = await start(client, 'window');
  const samples = [];
  let result;
  handle.result().then((value) => (result = value), (error) => (result = error)); // prettier-ignore
  const [all, width] = [Number(values.runs), Number(values['at-a-time'])];
  while (result === undefined) {
    const running = await count(client, 'WorkflowType = "run" AND HabsburgExperiment = "window" AND ExecutionStatus = "Running"');
    const progress = await client.workflow.getHandle('window').query(experimentProgressQuery).catch(() => undefined); // prettier-ignore
    samples.push({ at: (Date.now() - began) / 1000, running, done: progress?.done, taken: progress?.running.length });
    if (samples.length % 40 === 0) console.log(JSON.stringify(samples.at(-1)));
    await sleep(250);
  }
  const took = (Date.now() - began) / 1000;
  // from the first full window until no run waits any more
  const from = samples.findIndex(({ running }) => running >= width);
  const to = samples.findIndex(({ done, taken }) => done !== undefined && done + taken >= all);
  const full = samples.slice(from, to < 0 ? undefined : to);
  const sum = (list) => list.reduce((total, value) => total + value, 0);
  const running = full.map((sample) => sample.running).sort((a, b) => a - b);
  console.log(`${all} runs of ${seconds} s, ${width} at a time: ${took.toFixed(0)} s, at best ${((all / width) * seconds).toFixed(0)} s; ${kills()} workers killed`); // prettier-ignore
  console.log(JSON.stringify(result instanceof Error ? { message: result.message, cause: result.cause?.message } : result));
  console.log(
    `runs under way, ${full.length} samples between the first full window and the last start: mean ${(sum(running) / running.length).toFixed(2)}, smallest ${running[0]}, 1 % ${running[Math.floor(running.length / 100)]}, 10 % ${running[Math.floor(running.length / 10)]}, median ${running[Math.floor(running.length / 2)]}, largest ${running.at(-1)}; full in ${((100 * running.filter((n) => n >= width).length) / running.length).toFixed(1)} % of them`, // prettier-ignore
  );
  await histories(client, 'window');
  const runs = await count(client, 'WorkflowType = "run" AND HabsburgExperiment = "window" AND ExecutionStatus = "Completed"');
  console.log(`runs completed: ${runs}, of other endings: ${(await count(client, 'WorkflowType = "run" AND HabsburgExperiment = "window"')) - runs}`); // prettier-ignore
}

/** One that is cancelled in the middle. */
async function canceled(client) {
  const handle = await start(client, 'canceled');
  const running = () => count(client, 'HabsburgExperiment = "canceled" AND ExecutionStatus = "Running"');
  for (;;) {
    const progress = await client.workflow.getHandle('canceled').query(experimentProgressQuery).catch(() => undefined); // prettier-ignore
    if (progress?.done >= Number(values['cancel-at'])) break;
    await sleep(500);
  }
  console.log(`cancelled with ${await running()} workflows running, the experiment among them`);
  const began = Date.now();
  await client.workflow.getHandle('canceled').cancel();
  const error = await handle.result().catch((error) => error);
  console.log(
    `the experiment ended after ${((Date.now() - began) / 1000).toFixed(1)} s: ${error.cause?.message ?? error.message}`,
  );
  for (let i = 0; i < 40 && (await running()) > 0; i++) await sleep(250); // a run closes a moment after its last word
  console.log(`running ${((Date.now() - began) / 1000).toFixed(1)} s after it was cancelled: ${await running()}`);
  await histories(client, 'canceled');
}

async function histories(client, name) {
  const lengths = [];
  for await (const { historyLength } of client.workflow.list({ query: `WorkflowId = "${name}"` }))
    lengths.push(historyLength ?? 0);
  console.log(`executions of the experiment: ${lengths.length}, events: longest ${Math.max(...lengths)}, all ${lengths.reduce((a, b) => a + b, 0)}`); // prettier-ignore
}

async function count(client, query) {
  return (await client.workflow.count(query)).count;
}
