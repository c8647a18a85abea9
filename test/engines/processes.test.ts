/** Every engine's process: alive while it computes, gone when it is cancelled or its worker dies, resumable when it is killed. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { saveTokenizer } from '../../engine/tokenizer/files.js';
import { trainBpe } from '../../engine/tokenizer/train-bpe.js';
import { countWords } from '../../engine/tokenizer/word-counts.js';
import { ENGINE_IDS, type EngineId } from '../../engines/registry.js';
import type { RunJob } from '../../engines/run-job.js';
import type { FitJob, Progress } from '../../kinds/host/types.js';
import { RECORDS_FILE, writeRecords } from '../../pool/records.js';
import { optConfig } from '../../kinds/text/architectures.js';
import { CLIENT, hooksIn, isAlive, openEngine, programsOf, training } from './support.js';

/** The width of a model whose one step over 512 rows of 64 tokens takes longer than these tests wait. */
const LONG: Readonly<Record<EngineId, number>> = { 'onnx-node': 512, reference: 128 };

/** Rows of 16 tokens in a step of the training that is killed: so many that its 60 steps take longer than a checkpoint is due. */
const ROWS: Readonly<Record<EngineId, number>> = { 'onnx-node': 32, reference: 8 };

let folder: string;
beforeAll(async () => {
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

/** A training job; `rows` of `tokens` in one batch of as many makes each step one long native call. */
async function job(name: string, rows: number, tokens: number, hidden: number, epochs: number): Promise<FitJob> {
  const data = join(folder, `data-${name}`);
  const out = join(folder, `out-${name}`);
  await mkdir(data);
  await mkdir(out);
  await writeRecords(
    join(data, RECORDS_FILE),
    Array.from({ length: rows }, (_, i) => ({
      id: `real/${i}`,
      tokens: Array.from({ length: tokens }, (__, j) => 3 + ((i * 31 + j * 17) % 250)),
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
    training: training({ epochs, batch: rows }),
    rng: { seed: 1, generation: 0, member: 'm', step: 'finetune' },
    out,
  };
}

describe.each(ENGINE_IDS)('%s', (id) => {
  let run: RunJob;
  beforeAll(async () => void ({ run } = await openEngine(id, { threads: 1 })));

  test('says that it lives during one long call, and is gone within two seconds of a cancel', async () => {
    const beats: number[] = [];
    const control = new AbortController();
    const running = run(
      await job(`${id}-long`, 512, 64, LONG[id], 1),
      hooksIn(folder, { signal: control.signal, alive: () => beats.push(Date.now()) }),
    ).catch((error: unknown) => error);
    await sleep(6_000);
    const [pid] = programsOf(id, process.pid);
    const lately = beats.filter((at) => at > Date.now() - 3_000);
    expect(lately.length).toBeGreaterThanOrEqual(3);
    const gaps = lately.slice(1).map((at, i) => at - lately[i]);
    expect(Math.max(...gaps)).toBeLessThan(2_000);

    const cancelled = Date.now();
    control.abort(new Error('cancelled by the test'));
    expect(await running).toEqual(new Error('cancelled by the test'));
    expect(Date.now() - cancelled).toBeLessThan(2_000);
    expect(isAlive(pid)).toBe(false);
  }, 60_000);

  test('dies with its worker, even inside a long call', async () => {
    const spec = JSON.stringify(await job(`${id}-orphan`, 512, 64, LONG[id], 1));
    const script = `
      const { openEngine } = await import(${JSON.stringify(CLIENT)});
      const { run } = await openEngine(${JSON.stringify(id)}, { threads: 1 });
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
      programsOf(id, worker.pid!).forEach((pid) => started.add(pid));
    }
    const pid = [...started][1];
    await sleep(3_000); // into the long call
    expect(isAlive(pid)).toBe(true);
    worker.kill('SIGKILL');
    const killed = Date.now();
    while (isAlive(pid) && Date.now() - killed < 5_000) await sleep(50);
    expect(isAlive(pid)).toBe(false);
  }, 60_000);

  test('after a kill, training goes on from the last checkpoint and ends at the same weights', async () => {
    const calm = await job(`${id}-calm`, ROWS[id], 16, 16, 60);
    await run(calm, hooksIn(folder));

    const storm = await job(`${id}-storm`, ROWS[id], 16, 16, 60);
    const saved = join(folder, `saved-${id}`);
    let lastStep = 0;
    let savedAt = -1;
    const killed = run(
      storm,
      hooksIn(folder, {
        checkpointSeconds: 0.2,
        progress: (progress: Progress) => (lastStep = Math.max(lastStep, progress.done)),
        checkpoint: async (path) => {
          await rm(saved, { recursive: true, force: true });
          await cp(path, saved, { recursive: true });
          savedAt = lastStep;
          if (savedAt > 5) process.kill(programsOf(id, process.pid)[0], 'SIGKILL');
        },
      }),
    );
    await expect(killed).rejects.toMatchObject({ name: 'EngineDied', message: expect.stringContaining('SIGKILL') });

    const steps: number[] = [];
    await run({ ...storm, resume: saved }, hooksIn(folder, { progress: ({ done }) => steps.push(done) }));
    expect(steps[0]).toBeGreaterThanOrEqual(savedAt);
    const [a, b] = await Promise.all([calm.out, storm.out].map((out) => readFile(join(out, 'model.safetensors'))));
    expect(a.equals(b)).toBe(true);
  }, 300_000);
});
