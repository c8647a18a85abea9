/**
 * Records histories of small runs on a Temporal server of its own, with activities that compute nothing:
 *   npm run build && node test/workflows/histories/record.mjs NAME
 * writes NAME-<scenario>.json.gz beside this file. NAME says which state of the workflow code they are of. Old ones stay as long as
 * servers may hold such histories; replay.test.ts replays them all.
 */
import { NativeConnection, Worker } from '@temporalio/worker';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { startTemporal } from '../../../dist/infra/dev-server.js';
import { loadExperiment } from '../../../dist/spec/load.js';
import { deploymentOptions, promote } from '../../../dist/workers/deployment.js';
import { buildIdOf } from '../../../dist/workers/workflow-code.js';
import { QUEUES, enginesQueue, extendUpdate, pauseUpdate, resumeUpdate } from '../../../dist/workflows/contract.js';
import { forGood, standIns } from '../../support/stand-ins.mjs';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const [name] = process.argv.slice(2);
if (!/^[a-z0-9.-]+$/.test(name ?? '')) throw new Error('give the recordings a name, e.g. 0.1.0');

const code = readFileSync(here('../../../dist/workflow-bundle.cjs'), 'utf8');
const buildId = buildIdOf(code);
const folder = mkdtempSync(join(tmpdir(), 'habsburg-histories-'));
const server = await startTemporal({ dbFile: join(folder, 'temporal.db'), port: 0, uiPort: 0 });
const connection = await NativeConnection.connect({ address: server.address });
const client = new Client({ identity: 'client', connection: await Connection.connect({ address: server.address }) });

/** what holds or fails a step, by scenario */
let before = () => undefined;
let cached = false;
const activities = standIns(
  (step, generation) => before(step, generation),
  () => cached,
);
const common = { connection, identity: 'worker', activities };
const workers = await Promise.all([
  Worker.create({
    connection,
    identity: 'worker',
    taskQueue: QUEUES.workflow,
    workflowBundle: { code },
    workerDeploymentOptions: deploymentOptions(buildId, false),
  }),
  Worker.create({ ...common, taskQueue: QUEUES.cpu }),
  Worker.create({ ...common, taskQueue: enginesQueue(QUEUES.cpu) }),
]);
const running = Promise.all(workers.map((worker) => worker.run()));
await promote({ connection, namespace: 'default' }, buildId);

/** one, so that recordings are small */
const METRICS = 'metrics=[perplexity]';

const scenarios = {
  /** two runs one after the other, extended and paused in mid-run, one score that fails, every chain continued as new */
  async texts() {
    const { plan } = await loadExperiment(here('../../loop/tiny.yaml'), {
      sets: ['name=texts', 'generations=2', 'execution.concurrency=1', METRICS],
    });
    let held = true;
    let scores = 0;
    before = async (step, generation) => {
      if (step === 'score' && ++scores === 2) throw forGood('not a number');
      while (step === 'finetune' && generation === 1 && held) await sleep(50);
    };
    const handle = await client.workflow.start('experiment', {
      workflowId: 'texts',
      taskQueue: QUEUES.workflow,
      args: [{ plan, store: 'file:///store', eventLimit: 60 }],
    });
    await sleep(2_000);
    await handle.executeUpdate(extendUpdate, { args: [4] });
    await handle.executeUpdate(pauseUpdate);
    held = false;
    await sleep(1_000);
    await handle.executeUpdate(resumeUpdate);
    await handle.result();
  },
  /** everything was done before */
  async again() {
    const { plan } = await loadExperiment(here('../../loop/tiny.yaml'), { sets: ['name=again', 'generations=6', METRICS] });
    [before, cached] = [() => undefined, true];
    const args = [{ plan, store: 'file:///store' }];
    await client.workflow.execute('experiment', { workflowId: 'again', taskQueue: QUEUES.workflow, args });
    cached = false;
  },
  /** chains of many generations a step */
  async chains() {
    const { plan } = await loadExperiment(here('../../loop/chains.yaml'), { sets: ['name=chains', 'generations=250'] });
    before = () => undefined;
    const args = [{ plan, store: 'file:///store', eventLimit: 20 }];
    await client.workflow.execute('experiment', { workflowId: 'chains', taskQueue: QUEUES.workflow, args });
  },
  /** cancelled in mid-run */
  async cancelled() {
    const { plan } = await loadExperiment(here('../../loop/tiny.yaml'), { sets: ['name=cancelled', METRICS] });
    let held = true;
    before = async (step, generation) => {
      while (step === 'generate' && generation === 1 && held) await sleep(50);
    };
    const args = [{ plan, store: 'file:///store' }];
    const handle = await client.workflow.start('experiment', { workflowId: 'cancelled', taskQueue: QUEUES.workflow, args });
    await sleep(2_000);
    await handle.cancel();
    held = false;
    await handle.result().catch(() => undefined);
  },
};

for (const [scenario, play] of Object.entries(scenarios)) {
  await play();
  await sleep(1_000); // until the last of them are listed
  const histories = [];
  for await (const { workflowId, runId } of client.workflow.list({ query: `WorkflowId STARTS_WITH "${scenario}"` })) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    histories.push({ workflowId, history: clean(JSON.parse(historyToJSON(history))) });
  }
  histories.sort((a, b) => a.workflowId.localeCompare(b.workflowId));
  const text = `${JSON.stringify(histories)}\n`;
  for (const secret of [`@${hostname()}`, folder, process.env.HOME, process.cwd(), server.address])
    if (secret && text.includes(secret)) throw new Error(`${scenario} names ${secret}`);
  writeFileSync(here(`./${name}-${scenario}.json.gz`), gzipSync(text, { level: 9 }));
  console.log(`${scenario}: ${histories.length} histories, ${text.length} characters`);
}
workers.forEach((worker) => worker.shutdown());
await running;
await client.connection.close();
await connection.close();
await server.stop();
rmSync(folder, { recursive: true, force: true });

/** Without what a replay does not read: ids of tasks, who worked, where code lies. What payloads say is text, which packs well. */
function clean(history) {
  const unread = new Set(['identity', 'header', 'workerVersion', 'workerInstanceKey', 'stackTrace']);
  for (const event of history.events) {
    delete event.taskId;
    delete event.version;
  }
  return JSON.parse(
    JSON.stringify(history, (key, value) => {
      if (unread.has(key)) return undefined;
      if (typeof value?.data !== 'string') return value;
      const { data, ...rest } = value;
      return { ...rest, text: Buffer.from(data, 'base64').toString() };
    }),
  );
}
