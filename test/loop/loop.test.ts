/** The whole path by the command line: run, memo, shared prefixes, continue-as-new, operators' verbs. Real server, real stores. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sha256 } from '../../common/canonical.js';
import type { RunOutcome } from './support.js';
import { TINY, habsburg, json, start, stepsOf, temporaryFolder } from './support.js';

let home: Awaited<ReturnType<typeof temporaryFolder>>;
let store: string;
const run = (...more: string[]) => json<RunOutcome>(['run', TINY, '--home', join(home.path, 'home'), '--store', store, ...more]);

/** Steps that runs ask for; a score asks for observations and evaluations itself. */
const chained = (steps: Awaited<ReturnType<typeof stepsOf>>): number =>
  [...steps.values()].filter(({ step }) => step !== 'observe' && step !== 'evaluate').length;

beforeAll(async () => {
  home = await temporaryFolder('loop');
  store = join(home.path, 'store');
});
afterAll(() => home.remove());

describe('a small experiment', () => {
  let first: RunOutcome;

  test('runs to its end and scores every generation', async () => {
    first = await run();
    expect(first.status).toBe('done');
    expect(first.result.failed).toBe(0);
    const perplexities = first.rows.filter((row) => row.metric === 'perplexity' && row.variant === 'real-test/exp-mean-token');
    expect(perplexities.map(({ condition, generation }) => `${condition}/${generation}`).sort()).toEqual(
      ['replace', 'keep-25'].flatMap((condition) => [0, 1, 2].map((t) => `${condition}/${t}`)).sort(),
    );
    for (const { value } of perplexities) expect(value).toBeLessThan(400); // below the vocabulary: it has learnt something
  }, 600_000);

  test('conditions share generation 0 and the prepared data', async () => {
    // 1 prepare + 3 steps of generation 0 once; 4 steps x 2 generations x 2 conditions
    expect(chained(await stepsOf(store))).toBe(1 + 3 + 16);
    expect(first.result.steps).toEqual({ computed: 20, reused: 4 });
  });

  test('the same experiment again computes no step', async () => {
    const before = await stepsOf(store);
    const again = await run();
    // each step once: those of generation 0 are both conditions', and preparing belongs to no generation
    expect(again.result.steps).toEqual({ computed: 0, reused: 2 * (3 + 2 * 4) - 3 });
    expect(await stepsOf(store)).toEqual(before);
    expect(again.rows).toEqual(first.rows);
  }, 600_000);

  test('another seed computes only that seed', async () => {
    const before = await stepsOf(store);
    const more = await run('--set', 'seeds=[1,2]');
    expect(more.result.steps).toEqual({ computed: 19, reused: 29 });
    const after = await stepsOf(store);
    for (const [key, step] of before) expect(after.get(key)).toEqual(step);
    expect(chained(after)).toBe(chained(before) + 19);
  }, 600_000);

  test('continue-as-new every few events changes nothing', async () => {
    const other = join(home.path, 'store-can');
    const outcome = await json<RunOutcome>([
      'run',
      TINY,
      '--home',
      join(home.path, 'home'),
      '--store',
      other,
      '--set',
      'name=tiny-can',
      '--event-limit',
      '20',
    ]);
    expect(outcome.status).toBe('done');
    const [a, b] = [await stepsOf(store), await stepsOf(other)];
    for (const [key, step] of b) expect(a.get(key)).toEqual(step);
    expect(chained(b)).toBe(20);
  }, 600_000);

  test('a damaged artifact is noticed and computed again, with the same digest', async () => {
    const { readdir, truncate } = await import('node:fs/promises');
    const steps = await stepsOf(store);
    const model = [...steps.values()].find(({ step }) => step === 'finetune')!.outputs.model;
    const { openArtifactStore } = await import('../../artifacts/open.js');
    const manifest = await openArtifactStore(store).manifest(model as `sha256:${string}`);
    const weights = manifest.files.find(({ path }) => path === 'model.safetensors')!.digest.slice(7);
    const files = await readdir(store, { recursive: true });
    await truncate(
      join(
        store,
        files.find((file) => file.endsWith(weights))!,
      ),
      100,
    );
    const again = await run('--set', 'seeds=[1,2]'); // the model may be of either seed
    expect(again.result.steps.computed).toBe(1);
    expect(await stepsOf(store)).toEqual(steps);
  }, 600_000);

  test('whatever lies damaged, in one run everything is whole again', async () => {
    const { readdir, readFile, rm, writeFile } = await import('node:fs/promises');
    const small = join(home.path, 'small-store');
    const once = () =>
      json<RunOutcome>([
        'run',
        TINY,
        '--home',
        join(home.path, 'home'),
        '--store',
        small,
        '--set',
        'name=small',
        '--set',
        'generations=0',
      ]);
    await once();
    const steps = await stepsOf(small);
    const under = async (folder: string) =>
      (await readdir(join(small, folder), { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name));
    const blobs = await under('blobs');
    for (const [i, file] of blobs.entries()) {
      const bytes = await readFile(file);
      bytes[(i * 7919) % bytes.length] ^= 1 << (i % 8);
      await writeFile(file, bytes);
    }
    // leases of nobody, on steps that are to be done again
    const [first, second] = await under('names/steps');
    await rm(first);
    await writeFile(first.replace('/steps/', '/leases/'), 'null');
    await rm(second);
    await writeFile(second.replace('/steps/', '/leases/'), '{');

    expect((await once()).result.failed).toBe(0);
    expect(await stepsOf(small)).toEqual(steps);
    for (const file of blobs) expect(sha256(await readFile(file))).toBe(`sha256:${basename(file)}`);
  }, 600_000);
});

describe('an operator', () => {
  test('pauses, resumes, extends and cancels; a cancelled experiment goes on later', async () => {
    const at = ['--home', join(home.path, 'operator')];
    const own = join(home.path, 'store-operator');
    const args = ['run', TINY, ...at, '--store', own, '--set', 'name=op'];
    const running = start([...args, '--set', 'generations=40']); // far more than it will get to
    await until(async () => (await stepsOf(own)).size > 0);

    await json(['pause', 'op', ...at]);
    expect((await habsburg(['pause', 'op', ...at])).code).toBe(2); // paused already
    await until(async () => {
      const { runs } = await json<{ runs: { steps: unknown[] }[] }>(['status', 'op', ...at]);
      return runs.length > 0 && runs.every(({ steps }) => steps.length === 0);
    });
    const held = chained(await stepsOf(own));
    await sleep(1_500);
    expect(chained(await stepsOf(own))).toBe(held);

    expect((await habsburg(['extend', 'op', '--generations', '40', ...at])).code).toBe(2); // not above the present one
    await json(['extend', 'op', '--generations', '41', ...at]);
    await json(['resume', 'op', ...at]);
    await until(async () => chained(await stepsOf(own)) > held);
    await json(['cancel', 'op', ...at]);
    const { code, stderr } = await running.finished;
    expect([code, stderr]).toEqual([1, expect.stringContaining('op was cancelled')]);

    const kept = await stepsOf(own);
    const outcome = await json<RunOutcome>([...args, '--set', 'generations=1']);
    const { computed, reused } = outcome.result.steps;
    expect(outcome.result.generations).toBe(1);
    expect(computed + reused).toBe(2 * (1 + 3 + 4));
    expect(reused).toBeGreaterThanOrEqual(Math.min(held, 8));
    const after = await stepsOf(own);
    for (const [key, step] of kept) expect(after.get(key)).toEqual(step);
    expect(chained(after)).toBe(chained(kept) + computed);
  }, 600_000);
});

async function until(done: () => Promise<boolean>): Promise<void> {
  while (!(await done().catch(() => false))) await sleep(200);
}
