/** Engines of the registry as a worker has them, and what they are asked for. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Engine, EngineOptions } from '../../engines/client.js';
import { engineRow, type EngineId } from '../../engines/registry.js';
import type { JobHooks } from '../../engines/run-job.js';
import type { TrainingPlan } from '../../kinds/text/plan.js';

/** The compiled client: the programs that it starts must be plain JavaScript. */
export const CLIENT = pathToFileURL(join(fileURLToPath(new URL('../../dist/', import.meta.url)), 'engines', 'client.js')).href;
export const { openEngine } = (await import(CLIENT)) as {
  openEngine(id: EngineId, options: EngineOptions): Promise<Engine>;
};

export function hooksIn(scratch: string, on: Partial<JobHooks> = {}): JobHooks {
  return {
    signal: new AbortController().signal,
    checkpointSeconds: 3600,
    scratch,
    alive: () => undefined,
    progress: () => undefined,
    checkpoint: async () => undefined,
    ...on,
  };
}

/** Process ids of an engine's programs that a process started. */
export function programsOf(id: EngineId, parent: number): number[] {
  const program = engineRow(id).command[1].slice(2);
  try {
    const lines = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(parent)], { encoding: 'utf8' }).split('\n');
    return lines.filter((line) => line.includes(program)).map((line) => Number(line.trim().split(/\s+/)[0]));
  } catch {
    return []; // ps: no such children
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export function training(given: Partial<TrainingPlan> = {}): TrainingPlan {
  return {
    epochs: 1,
    batch: 4,
    accumulation: 1,
    learningRate: 1e-3,
    schedule: 'constant',
    minLearningRate: 0,
    scheduleUnit: 'step',
    warmup: 0,
    weightDecay: 0.01,
    betas: [0.9, 0.999],
    epsilon: 1e-8,
    clip: 1,
    dropout: 0,
    select: 'last',
    ...given,
  };
}
