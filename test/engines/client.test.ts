/** The engine's process: alive while it computes, gone when it is cancelled or its worker dies, resumable when it is killed. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFileSync, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { optConfig } from '../../spec/architectures.js';
import { RECORDS_FILE, writeRecords } from '../../pool/records.js';
import { saveTokenizer } from '../../engine/tokenizer/files.js';
import { trainBpe } from '../../engine/tokenizer/train-bpe.js';
import { countWords } from '../../engine/tokenizer/word-counts.js';
import type { FitJob, Progress } from '../../families/types.js';
import type { Engine, EngineOptions } from '../../engines/client.js';
import type { EngineId } from '../../engines/registry.js';
import type { JobHooks, RunJob } from '../../engines/run-job.js';

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));
// The compiled client: the engine host that it starts must be plain JavaScript.
const { openEngine } = (await import(pathToFileURL(join(DIST, 'engines', 'client.js')).href)) as {
  openEngine(id: EngineId, options: EngineOptions): Promise<Engine>;
};

let folder: string;
let run: RunJob;
beforeAll(async () => {
  ({ run } = await openEngine('onnx-node', { threads: 1 }));
  folder = await mkdtemp(join(tmpdir(), 'habsburg-engine-'));
  await mkdir(join(folder, 'tokenizer'));
  await saveTokenizer(join(folder, 'tokenizer'), trainBpe(countWords(['abc abd abe']), 259, ['<s>', '<pad>', '</s>']), {
    bos: '<s>',
    eos: '</s>',
    pad: '<pad>',
    maxLength: 64,
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A training job; `rows` of 64 tokens in one batch of as many makes each step one long native call. */
async function job(name: string, rows: number, hidden: number, epochs: number): Promise<FitJob> {
  const data = join(folder, `data-${name}`);
  const out = join(folder, `out-${name}`);
  await mkdir(data);
  await mkdir(out);
  await writeRecords(
    join(data, RECORDS_FILE),
    Array.from({ length: rows }, (_, i) => ({
      id: `real/${i}`,
      tokens: Array.from({ length: 64 }, (__, j) => 3 + ((i * 31 + j * 17) % 250)),
      text: '',
      origin: { kind: 'real' as const, source: 'test' },
    })),
  );
  return {
    op: 'fit',
    family: 'language-model',
    train: data,
    valid: data,
    start: {
      scratch: { kind: 'scratch', config: optConfig({ hidden, layers: 2, heads: 4, ffn: 4 * hidden, positions: 64 }) },
      tokenizer: join(folder, 'tokenizer'),
    },
    training: {
      epochs,
      batch: rows,
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
    },
    rng: { seed: 1, generation: 0, member: 'm', step: 'finetune' },
    out,
  };
}

function hooks(signal: AbortSignal, on: Partial<JobHooks> = {}): JobHooks {
  return {
    signal,
    checkpointSeconds: 3600,
    scratch: folder,
    alive: () => undefined,
    progress: () => undefined,
    checkpoint: async () => undefined,
    ...on,
  };
}

/** Process ids of the engines that a process started. */
function enginesOf(parent: number): number[] {
  try {
    const lines = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(parent)], { encoding: 'utf8' }).split('\n');
    return lines.filter((line) => line.includes('onnx-node/host.js')).map((line) => Number(line.trim().split(/\s+/)[0]));
  } catch {
    return []; // ps: no such children
  }
}
const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test('says that it lives during one long native call, and is gone within two seconds of a cancel', async () => {
  const beats: number[] = [];
  const control = new AbortController();
  // hundreds of GFLOP a step: far longer than this test waits
  const running = run(await job('long', 512, 512, 1), hooks(control.signal, { alive: () => beats.push(Date.now()) })).catch(
    (error: unknown) => error,
  );
  await sleep(6_000);
  const [pid] = enginesOf(process.pid);
  const lately = beats.filter((at) => at > Date.now() - 3_000);
  expect(lately.length).toBeGreaterThanOrEqual(3);
  const gaps = lately.slice(1).map((at, i) => at - lately[i]);
  expect(Math.max(...gaps)).toBeLessThan(2_000);

  const cancelled = Date.now();
  control.abort(new Error('cancelled by the test'));
  expect(await running).toEqual(new Error('cancelled by the test'));
  expect(Date.now() - cancelled).toBeLessThan(2_000);
  expect(alive(pid)).toBe(false);
}, 60_000);

test('dies with its worker, even inside a native call', async () => {
  const spec = JSON.stringify(await job('orphan', 512, 512, 1));
  const script = `
    const { openEngine } = await import(${JSON.stringify(pathToFileURL(join(DIST, 'engines', 'client.js')).href)});
    const { run } = await openEngine('onnx-node', { threads: 1 });
    const none = () => undefined;
    await run(${spec}, { signal: new AbortController().signal, checkpointSeconds: 3600, scratch: ${JSON.stringify(folder)}, alive: none, progress: none, checkpoint: async () => undefined });`;
  const worker = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: 'ignore',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  // the first one says hello only
  const started = new Set<number>();
  while (started.size < 2) {
    await sleep(20);
    enginesOf(worker.pid!).forEach((pid) => started.add(pid));
  }
  const pid = [...started][1];
  await sleep(3_000); // into the long call
  expect(alive(pid)).toBe(true);
  worker.kill('SIGKILL');
  const killed = Date.now();
  while (alive(pid) && Date.now() - killed < 5_000) await sleep(50);
  expect(alive(pid)).toBe(false);
}, 60_000);

test('after a kill, training goes on from the last checkpoint and ends at the same weights', async () => {
  const { readFile } = await import('node:fs/promises');
  const calm = await job('calm', 32, 16, 60);
  await run(calm, hooks(new AbortController().signal));

  const storm = await job('storm', 32, 16, 60);
  const saved = join(folder, 'saved');
  const control = new AbortController();
  let lastStep = 0;
  let savedAt = -1;
  const killed = run(
    storm,
    hooks(control.signal, {
      checkpointSeconds: 0.2,
      progress: (progress: Progress) => (lastStep = Math.max(lastStep, progress.done)),
      checkpoint: async (path) => {
        await rm(saved, { recursive: true, force: true });
        await cp(path, saved, { recursive: true });
        savedAt = lastStep;
        if (savedAt > 5) process.kill(enginesOf(process.pid)[0], 'SIGKILL');
      },
    }),
  );
  await expect(killed).rejects.toMatchObject({ name: 'EngineDied', message: expect.stringContaining('SIGKILL') });

  const steps: number[] = [];
  await run({ ...storm, resume: saved }, hooks(new AbortController().signal, { progress: ({ done }) => steps.push(done) }));
  expect(steps[0]).toBeGreaterThanOrEqual(savedAt);
  const [a, b] = await Promise.all([calm.out, storm.out].map((out) => readFile(join(out, 'model.safetensors'))));
  expect(a.equals(b)).toBe(true);
}, 300_000);
