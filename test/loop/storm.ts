/** `kill -9` of engine, workers and Temporal server at random moments, from the first of a new home on, while a run goes on. */
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CounterRng } from '../../common/philox.js';
import type { Finished, Running } from './support.js';

interface DevState {
  readonly processes: Partial<Record<string, number>>;
}

/** Process ids by what they are; engines are the children of the cpu worker. */
async function targets(home: string): Promise<Record<string, (number | undefined)[]>> {
  const text = await readFile(join(home, 'dev.json'), 'utf8').catch(() => undefined);
  // before the environment is up there is a server that makes its database
  if (text === undefined) return { temporal: [Number(await readFile(join(home, 'temporal.db.pid'), 'utf8'))] };
  const { processes } = JSON.parse(text) as DevState;
  const engines = childrenOf(processes.cpu);
  return { temporal: [processes.temporal], workflow: [processes.workflow], cpu: [processes.cpu], engine: engines };
}

function childrenOf(pid: number | undefined): number[] {
  if (pid === undefined) return []; // not started yet
  try {
    return execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
      .trim()
      .split(/\s+/)
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
}

/**
 * Kills processes of `running` until there were `kills`; resolves when it has ended, with what was killed.
 * @param calm milliseconds of the same run when nobody kills it: on a fast machine the kills follow each other faster, so that all fit in
 */
export async function storm(
  running: Running,
  home: string,
  kills: number,
  seed: number,
  calm = Infinity,
): Promise<Finished & { killed: string[] }> {
  const rng = new CounterRng({ seed, generation: 0, member: 'test', step: 'crash' });
  let over = false;
  void running.finished.then(() => (over = true));
  const killed: string[] = [];
  const longest = Math.min(1_800, calm / kills);
  const order = ['temporal', 'engine', 'cpu', 'temporal', 'engine', 'workflow'];
  for (let draw = 0; killed.length < kills && !over; draw++) {
    // the first one as soon as there is something to kill: the database is then half made
    await sleep(killed.length === 0 ? 20 : longest / 9 + rng.uniform(draw) * longest);
    const what = order[killed.length % order.length];
    const [pid] = await targets(home).then(
      (found) => found[what] ?? [],
      () => [],
    );
    if (!pid) continue;
    // what was noticed may have ended, or be about to say something, by the time it is killed
    await sleep((rng.uniform(draw, 1) * longest) / 6);
    try {
      process.kill(pid, 'SIGKILL');
      killed.push(what);
    } catch {
      // it ended by itself just now
    }
  }
  return { ...(await running.finished), killed };
}
