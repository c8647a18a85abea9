/**
 * Who does not hold a home's secret gets no work done on its embedded server: a program on the machine, another user, a web page.
 * Each tries to have a file that only its owner may read published into a folder that everybody may read.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, Connection, WorkflowUpdateFailedError } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { REFUSED } from '../../common/refused.js';
import { startDev, type Dev } from '../../infra/dev.js';
import { readState } from '../../infra/dev-state.js';
import { loadExperiment } from '../../spec/load.js';
import type { ExperimentPlan } from '../../spec/plan.js';
import { embeddedServer } from '../../workers/connection.js';
import { sealedPayloads } from '../../workers/sealed-payloads.js';
import { QUEUES } from '../../workflows/contract.js';
import { launchBrowser } from '../support/browser.js';
import { SERVER_TIMEOUT_MS } from '../support/servers.js';
import { json, temporaryFolder, type RunOutcome } from './support.js';

const WORD = 'zebracorn';
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let home: string;
let secretText: string;
let dev: Dev;
let connection: Connection;
let owner: Client;
let stranger: Client;
let plan: ExperimentPlan;

beforeAll(async () => {
  folder = await temporaryFolder('strangers');
  chmodSync(folder.path, 0o755);
  home = join(folder.path, 'home');
  secretText = join(folder.path, 'diary.txt');
  writeFileSync(secretText, `${WORD} `.repeat(400), { mode: 0o600 });
  const source = JSON.stringify(`file:${secretText}`);
  writeFileSync(
    join(folder.path, 'borrowed.yaml'),
    `schemaVersion: 1
name: borrowed
seeds: [1]
generations: 0
data: { train: ${source}, valid: ${source}, test: ${source}, block: 16, limit: { train: 8, valid: 4, test: 4 } }
tokenizer: { kind: bpe, vocabulary: 300 }
population: [{ name: m, base: { kind: scratch, architecture: { hidden: 8, layers: 1, heads: 1 } }, training: { epochs: 1, batch: 8, learningRate: 1e-3 }, decoding: { strategy: greedy }, start: base, prompts: original }]
conditions: [{ name: replace, mixture: { kind: replace } }]
`,
  );
  ({ plan } = await loadExperiment(join(folder.path, 'borrowed.yaml')));
  dev = await startDev({ home, slots: 1, threads: 1, port: 0, uiPort: 0 });
  connection = await Connection.connect({ address: dev.address });
  stranger = new Client({ connection });
  owner = new Client({ connection, dataConverter: sealedPayloads(embeddedServer(home, dev).secret!, 'show') });
}, SERVER_TIMEOUT_MS);
afterAll(async () => {
  await connection?.close();
  await dev?.stop();
  await folder.remove();
});

const loot = (name: string) => join(folder.path, `loot-${name}`);
const inputOf = (name: string) => ({ plan, store: pathToFileURL(loot(name)).href });
const reason = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: { cause?: { message?: string }; message: string }) => error.cause?.message ?? error.message,
  );

/** The name of the workflow is free again, nothing was opened, nothing written. */
async function expectRefused(workflowId: string, name: string): Promise<void> {
  expect(await reason(stranger.workflow.getHandle(workflowId).result())).toBe(REFUSED.refused);
  expect(existsSync(loot(name))).toBe(false);
}

describe('a program without the secret', () => {
  test('starts neither an experiment nor a run, with whatever input', async () => {
    const wrong = new Client({ connection, dataConverter: sealedPayloads(randomBytes(32), 'show') });
    const [run] = [{ ...inputOf('run'), plan: { ...plan, id: 'replace/seed-1', experiment: 'borrowed', seed: 1 } }];
    const attempts: [Client, string, unknown[]][] = [
      [stranger, 'experiment', [inputOf('program')]],
      [stranger, 'run', [run]],
      [stranger, 'experiment', []],
      [wrong, 'experiment', [inputOf('program')]],
    ];
    for (const [i, [client, type, args]] of attempts.entries()) {
      await client.workflow.start(type, { workflowId: `try-${i}`, taskQueue: QUEUES.workflow, args });
      await expectRefused(`try-${i}`, 'program');
    }
  });

  test('reads no plan and no result, and cannot hand on what it has seen', async () => {
    const store = join(folder.path, 'store');
    const args = ['run', 'curse-single-normal', '--set', 'seeds=[1,2]', '--set', 'generations=1', '--set', 'name=mine'];
    const outcome = await json<RunOutcome>([...args, '--home', home, '--store', store]);
    expect(outcome.result.failed).toBe(0);
    const { events } = await owner.workflow.getHandle('mine').fetchHistory();
    const seen = JSON.stringify(events?.map((event) => event.workflowExecutionStartedEventAttributes ?? event));
    const payloads = events![0].workflowExecutionStartedEventAttributes!.input!.payloads!;
    expect(payloads.map(({ metadata }) => Buffer.from(metadata!.encoding).toString())).toEqual(['binary/encrypted']);
    for (const part of [Buffer.from(payloads[0].data!).toString('latin1'), seen]) expect(part).not.toMatch(/estimator|biased/);
    // what everybody sees are the lines beside workflows and activities: names and numbers
    const lines = events!.flatMap(({ userMetadata: line }) => (line?.summary ? [defaultPayloadConverter.fromPayload(line.summary)] : [])); // prettier-ignore
    expect(lines[0]).toMatch(/^experiment · mine · \d+ conditions? x 2 seeds$/);
    expect(lines).toContain('record · plan · to generation 1');
    expect(lines.filter((line) => /^run · .*seeds-1-2$/.test(String(line))).length).toBeGreaterThan(0);
    expect(JSON.stringify(await owner.workflow.getHandle('mine').result())).toContain('"failed":0');
    await connection.workflowService.startWorkflowExecution({
      namespace: 'default',
      workflowId: 'mine-again',
      workflowType: { name: 'experiment' },
      taskQueue: { name: QUEUES.workflow },
      input: { payloads },
      requestId: 'once',
    });
    await expectRefused('mine-again', 'program');
  });

  test('tells a running experiment nothing', async () => {
    const handle = await owner.workflow.start('experiment', {
      workflowId: 'waiting',
      taskQueue: QUEUES.workflow,
      args: [
        {
          plan: { ...plan, name: 'waiting' },
          store: pathToFileURL(loot('owner')).href,
          carried: { paused: true, generations: 0, next: 0, steps: { computed: 0, reused: 0 }, failures: [], failed: [] },
        },
      ],
    });
    try {
      const theirs = stranger.workflow.getHandle('waiting');
      const update = theirs.executeUpdate('extend', { args: [5] });
      await expect(update).rejects.toBeInstanceOf(WorkflowUpdateFailedError);
      expect(await reason(update)).toBe(REFUSED.refused);
      await theirs.signal('setGenerations', 7);
      expect(await reason(theirs.query('progress', 1))).toBe(REFUSED.refused);
      expect(await handle.query('progress')).toMatchObject({ paused: true, generations: 0 });
    } finally {
      await handle.terminate();
    }
  });
});

/** Ports on which a process listens. */
function portsOf(pid: number): number[] {
  if (process.platform !== 'linux') {
    const { stdout } = spawnSync('lsof', ['-nP', '-a', '-iTCP', '-sTCP:LISTEN', '-p', String(pid)], { encoding: 'utf8' });
    return [...stdout.matchAll(/:(\d+) \(LISTEN\)/g)].map(([, port]) => Number(port));
  }
  const sockets = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
    } catch {
      return [];
    }
  });
  const rows = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n').slice(1);
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter((row) => row[3] === '0A' && sockets.includes(row[9]))
    .map((row) => parseInt(row[1].split(':')[1], 16));
}

/** Where the server's HTTP API answers; nobody can switch it off. */
async function httpApi(): Promise<string> {
  for (const port of portsOf(readState(home)!.processes.temporal)) {
    const url = `http://127.0.0.1:${port}/api/v1/namespaces`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    if (answer?.ok && `http://127.0.0.1:${port}` !== dev.uiUrl) return url;
  }
  throw new Error('the HTTP API answers nowhere');
}

const body = (name: string) =>
  JSON.stringify({ workflowType: { name: 'experiment' }, taskQueue: { name: QUEUES.workflow }, input: [inputOf(name)] });

test(
  'another user cannot read the home, and gets no work done over HTTP',
  async () => {
    const script = `
    const { readFileSync, readdirSync } = require('node:fs');
    const [url, body, ...paths] = process.argv.slice(1);
    const codes = paths.map((path) => { try { readFileSync(path); return 'read'; } catch (error) { return error.code; } });
    fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      .then(async (answer) => console.log(JSON.stringify({ uid: process.getuid?.(), codes, answer: await answer.json() })));`;
    const files = ['secret', 'temporal.db', 'dev.json', 'logs/cpu.log'].map((name) => join(home, name));
    // without root we stay who we are: what the files' modes are worth is then another test's
    const other = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
    const url = `${await httpApi()}/default/workflows/borrowed-by-user`;
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', script, url, body('user'), ...files, secretText], {
      ...other,
      cwd: '/',
      env: {},
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    const said = JSON.parse(stdout) as { uid: number; codes: string[]; answer: object };
    if ('uid' in other) expect([said.uid, ...said.codes]).toEqual([65534, ...Array<string>(5).fill('EACCES')]);
    expect(said.answer).toMatchObject({ started: true });
    await expectRefused('borrowed-by-user', 'user');
  },
  SERVER_TIMEOUT_MS,
);

test(
  'a web page gets no work done, from the browser of the user',
  async () => {
    const target = `${await httpApi()}/default/workflows/borrowed-by-page`;
    const page = `<script>
    fetch(${JSON.stringify(target)}, { method: 'POST', mode: 'no-cors', headers: { 'content-type': 'text/plain' }, body: ${JSON.stringify(body('page'))} })
      .then(() => (document.title = 'sent'), (error) => (document.title = 'not sent: ' + error));
  </script>`;
    const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end(page));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const browser = await launchBrowser(['--host-resolver-rules=MAP evil.example 127.0.0.1']);
    try {
      const tab = await browser.newPage();
      await tab.goto(`http://evil.example:${(server.address() as AddressInfo).port}/`);
      await tab.waitForFunction('document.title !== ""');
      expect(await tab.title()).toBe('sent');
      for (
        let i = 0;
        i < 100 &&
        !(await stranger.workflow
          .getHandle('borrowed-by-page')
          .describe()
          .catch(() => undefined));
        i++
      )
        await sleep(100);
      await expectRefused('borrowed-by-page', 'page');
    } finally {
      await browser.close();
      server.close();
    }
  },
  SERVER_TIMEOUT_MS,
);

test('nothing of what only its owner may read lies where others can read it', () => {
  const readable = readdirSync(folder.path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const found = readable.map((entry) => join(entry.parentPath, entry.name)).filter((path) => readFileSync(path).includes(WORD));
  expect(found).toEqual([secretText]);
});
