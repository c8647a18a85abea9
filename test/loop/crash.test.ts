/** Crash equivalence: `kill -9` of engine, workers and Temporal server at random moments leaves the digests of an undisturbed run. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CounterRng } from '../../common/philox.js';
import type { RunOutcome } from './support.js';
import { TINY, json, start, stepsOf, temporaryFolder } from './support.js';

const KILLS = 12;
/** the experiment is made long enough that the kills hit work: about half a minute undisturbed */
const LONGER = ['--set', 'generations=3', '--set', 'population.0.training.epochs=12', '--set', 'population.0.generation0.epochs=12'];

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder('crash');
});
afterAll(() => folder.remove());

interface DevState {
  readonly processes: Record<string, number>;
}

/** Process ids by what they are; engines are the children of the cpu worker. */
async function targets(home: string): Promise<Record<string, number[]>> {
  const { processes } = JSON.parse(await readFile(join(home, 'dev.json'), 'utf8')) as DevState;
  const engines = childrenOf(processes.cpu);
  return { temporal: [processes.temporal], workflow: [processes.workflow], cpu: [processes.cpu], engine: engines };
}

function childrenOf(pid: number): number[] {
  try {
    return execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' }).trim().split(/\s+/).filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

test(`${KILLS} kills, the same digests`, async () => {
  const seed = Number(process.env.HABSBURG_TEST_SEED ?? Date.now() % 1e9);
  const rng = new CounterRng({ seed, generation: 0, member: 'test', step: 'crash' });
  const calmStore = join(folder.path, 'calm-store');
  const stormStore = join(folder.path, 'storm-store');
  const calm = await json<RunOutcome>(['run', TINY, ...LONGER, '--home', join(folder.path, 'calm'), '--store', calmStore]);
  expect(calm.result.failed).toBe(0);

  const home = join(folder.path, 'storm');
  const running = start(['run', TINY, ...LONGER, '--home', home, '--store', stormStore, '--json']);
  let over = false;
  void running.finished.then(() => (over = true));
  const killed: string[] = [];
  const order = ['engine', 'cpu', 'temporal', 'engine', 'workflow'];
  for (let draw = 0; killed.length < KILLS && !over; draw++) {
    await sleep(200 + rng.uniform(draw) * 1_800);
    const what = order[killed.length % order.length];
    const [pid] = await targets(home).then((found) => found[what], () => []);
    if (pid === undefined) continue;
    try {
      process.kill(pid, 'SIGKILL');
      killed.push(what);
    } catch {
      // it ended by itself just now
    }
  }
  const { code, stdout, stderr } = await running.finished;
  if (code !== 0) throw new Error(`seed ${seed}: exit ${code} after killing ${killed.join(', ')}\n${stderr}`);
  expect(killed).toHaveLength(KILLS);
  expect(new Set(killed)).toEqual(new Set(['engine', 'cpu', 'temporal', 'workflow']));

  expect(await stepsOf(stormStore)).toEqual(await stepsOf(calmStore));
  const rows = (JSON.parse(stdout.trim().split('\n').at(-1)!) as RunOutcome).rows;
  expect(rows).toEqual(calm.rows);
}, 900_000);
