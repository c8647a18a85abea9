/**
 * Engines under a run, with real workers: a program that is swapped under a running worker is refused by name, and where workers with two
 * fingerprints serve one queue a run's digests are of one.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { cpSync, readFileSync, readdirSync, symlinkSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { engineFingerprint } from '../../engine/fingerprint.js';
import { SERVER_TIMEOUT_MS, temporalServer, type TestTemporal } from '../support/servers.js';
import { json, start, stepsOf, temporaryFolder, type RunOutcome, type Running } from './support.js';
import { signedJson } from '../support/signer.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FINGERPRINT = engineFingerprint();
const fingerprintOf = (version: number) => FINGERPRINT.replace(/^habsburg-engine\/\d+/, `habsburg-engine/${version}`);
const [FIRST, SECOND] = [101, 102];

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let temporal: TestTemporal;
let client: Client;
let env: NodeJS.ProcessEnv;
const running: Running[] = [];
const at = (name: string) => join(folder.path, name);

/** An installation of its own, whose engine says that it is of this version. */
function release(name: string, version: number): { bin: string; becomes(version: number): void } {
  mkdirSync(at(name));
  for (const part of ['bin', 'dist', 'infra', 'common', 'package.json', 'tsconfig.json'])
    cpSync(join(ROOT, part), at(join(name, part)), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), at(join(name, 'node_modules')));
  const file = at(join(name, 'dist/engine/fingerprint.js'));
  const source = readFileSync(file, 'utf8');
  const becomes = (other: number) => {
    const changed = source.replace(/ENGINE_VERSION = \d+/, `ENGINE_VERSION = ${other}`);
    expect(changed).not.toBe(source);
    writeFileSync(file, changed);
  };
  becomes(version);
  return { bin: at(join(name, 'bin/habsburg.js')), becomes };
}

/** Starts a worker, and waits until it asks for work. */
async function worker(queues: string, bin?: string): Promise<Running> {
  const process = start(['worker', '--queues', queues, '--threads', '1'], env, undefined, bin);
  running.push(process);
  for (const queue of queues.split(','))
    for (let serves = false; !serves; await sleep(100)) {
      const taskQueue = { name: queue === 'workflow' || queue === 'cpu' ? `habsburg-${queue}` : queue };
      const { pollers } = await client.workflowService.describeTaskQueue({ namespace: 'default', taskQueue, taskQueueType: queue === 'workflow' ? 1 : 2 }); // prettier-ignore
      serves = (pollers ?? []).some(({ identity }) => identity?.startsWith(`${process.pid}@`));
    }
  return process;
}

const ONE = 'conditions=[{name: replace, mixture: {kind: replace}}]';
const run = (store: string, queue: string, name: string) => [
  ...['run', fileURLToPath(new URL('tiny.yaml', import.meta.url)), '--store', at(store)],
  ...[`name=${name}`, `execution.queues.engine=${queue}`, ONE].flatMap((set) => ['--set', set]),
];

/** The engines that a store's statements name, but for what no engine takes part in. */
function enginesIn(store: string): string[] {
  const statements = at(join(store, 'statements/steps'));
  const files = readdirSync(statements, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.json'));
  const all = files.map(
    (file) => /"engineFingerprint":\s*"([^"]*)"/.exec(JSON.stringify(signedJson(readFileSync(join(statements, file)))))?.[1],
  );
  return [...new Set(all.filter((engine): engine is string => engine !== undefined && engine !== 'none'))];
}

beforeAll(async () => {
  folder = await temporaryFolder('engines');
  temporal = await temporalServer();
  client = new Client({ connection: await Connection.connect({ address: temporal.address }) });
  env = { TEMPORAL_ADDRESS: temporal.address, HABSBURG_CACHE: process.env.HABSBURG_CACHE };
  await worker('workflow,cpu');
}, SERVER_TIMEOUT_MS);
afterAll(async () => {
  running.forEach((process) => process.kill('SIGKILL'));
  await Promise.all(running.map(({ finished }) => finished));
  await client?.connection.close();
  await temporal?.stop();
  await folder?.remove();
});

test('two fingerprints on one queue: all of a run is of one, and a rerun computes nothing', async () => {
  await worker('two', release('a', FIRST).bin);
  const second = await worker('two', release('b', SECOND).bin);
  const first = await json<RunOutcome>(run('store', 'two', 'both'), env);
  expect(first.status).toBe('done');
  // the first by name, whichever asked for work
  expect(enginesIn('store')).toEqual([fingerprintOf(FIRST)]);
  const steps = await stepsOf(at('store'));

  const again = await json<RunOutcome>(run('store', 'two', 'both'), env);
  expect(again.result.steps).toEqual({ computed: 0, reused: first.result.steps.computed + first.result.steps.reused });
  expect(again.rows).toEqual(first.rows);
  second.kill('SIGKILL');
  const alone = await json<RunOutcome>(run('store', 'two', 'both'), env);
  expect(alone.result.steps.computed).toBe(0);
  expect(await stepsOf(at('store'))).toEqual(steps);
}, 400_000);

test('a program that is swapped under a running worker is refused by name, and the run ends as if nothing had been', async () => {
  const { bin, becomes } = release('c', FIRST);
  await worker('swapped', bin);
  const going = start([...run('other', 'swapped', 'swap'), '--json'], env);
  running.push(going);
  for (let begun = false; !begun; await sleep(50)) begun = [...(await stepsOf(at('other'))).values()].some(({ step }) => step === 'finetune'); // prettier-ignore
  becomes(SECOND);

  const sentence = `the engine onnx-node is ${fingerprintOf(SECOND)} now, but the worker that started it announced ${fingerprintOf(FIRST)}: it was replaced since; start the worker again`;
  let told = '';
  for (; !told.includes('onnx-node is'); await sleep(100)) {
    const { raw } = await client.workflow.getHandle('swap/replace/seed-1').describe();
    told = (raw.pendingActivities ?? []).map(({ lastFailure }) => lastFailure?.message ?? '').join();
  }
  expect(told).toBe(sentence);
  expect(enginesIn('other')).toEqual([fingerprintOf(FIRST)]);

  becomes(FIRST);
  expect((await going.finished).code).toBe(0);
  expect(enginesIn('other')).toEqual([fingerprintOf(FIRST)]);
  // the same steps with the same results as where nobody swapped anything
  expect(await stepsOf(at('other'))).toEqual(await stepsOf(at('store')));
}, 400_000);
