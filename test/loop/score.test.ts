/** `habsburg score` on a finished run: what is missing is computed and nothing else, and the rows are those of who asked at once. */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TINY, habsburg, json, stepsOf, temporaryFolder, type RunOutcome } from './support.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder('score');
});
afterAll(() => folder.remove());

const at = (name: string): string[] => ['--home', join(folder.path, name), '--store', join(folder.path, name, 'store')];
const store = (name: string): string[] => ['--store', join(folder.path, name, 'store')];
const steps = async (name: string) => {
  const counts: Record<string, number> = {};
  for (const { step } of (await stepsOf(join(folder.path, name, 'store'))).values()) counts[step] = (counts[step] ?? 0) + 1;
  return counts;
};
const rows = async (name: string) => (await json<RunOutcome>(['results', 'tiny', ...store(name)])).rows;

interface Scored {
  readonly generations: number;
  readonly observations: { readonly computed: number; readonly reused: number };
  readonly evaluations: { readonly computed: number; readonly reused: number };
}

test('two metrics more on an old run are evaluations alone, and equal to those that were asked for from the start', async () => {
  const few = ['--set', 'metrics=[distinct-1, perplexity]'];
  await json<RunOutcome>(['run', TINY, ...few, ...at('later')]);
  const before = await steps('later');
  const scored = await json<Scored>([
    'score', 'tiny', '--metrics', 'rep, {name: coverage, settings: {tokens: 1000}}', ...at('later'),
  ]); // prettier-ignore
  // six generations, of which the first is the same under both conditions
  expect(scored).toMatchObject({ generations: 6, observations: { computed: 0 }, evaluations: { computed: 2 * 5 } });
  const after = await steps('later');
  const { evaluate, score, ...others } = after;
  expect({ ...others, evaluate: evaluate - 10, score: score - 5 }).toEqual(before);

  // nothing is left to compute
  expect(await json<Scored>(['score', 'tiny', ...at('later')])).toMatchObject({
    observations: { computed: 0 },
    evaluations: { computed: 0 },
  });
  expect(await steps('later')).toEqual(after);

  // in another order, at once, in a store of its own
  const all = ['--set', 'metrics=[rep, perplexity, {name: coverage, settings: {tokens: 1000}}, distinct-1]'];
  const asked = await json<RunOutcome>(['run', TINY, ...all, ...at('at-once')]);
  expect(await rows('later')).toEqual(asked.rows);
  expect(asked.rows).toHaveLength(6 * 5);

  // what every record says adds up to what the metric says: exp of the mean over all tokens
  const { stdout } = await habsburg([
    'results',
    'tiny',
    '--per-record',
    '--observation',
    'likelihood/test/self',
    ...store('later'),
  ]);
  const [header, ...lines] = stdout.trim().split('\n');
  expect(header).toBe('condition,seed,member,generation,observation,record,nll_sum,token_count,end_nll_sum,end_token_count');
  const records = lines.map((line) => line.split(','));
  for (const { condition, generation, value } of asked.rows.filter(({ variant }) => variant === 'real-test/exp-mean-token')) {
    const own = records.filter((record) => record[0] === condition && Number(record[3]) === generation);
    const sum = (column: number) => own.reduce((total, record) => total + Number(record[column]), 0);
    expect(Math.exp(sum(6) / sum(7))).toBeCloseTo(value, 9);
  }
  expect(new Set(records.map((record) => record[5])).size).toBe(32);
}, 600_000);

test('metrics of meaning: one observation for all of them, found again when its folder is gone, and the sums of its vectors', async () => {
  const encoder = join(folder.path, 'minilm');
  await cp('test/golden/encoders/bert', encoder, { recursive: true });
  const asked = ['d-sem', '{name: d-sem, variant: guo}', 'mauve', 'frechet'];
  const scored = await json<Scored>([
    'score',
    'tiny',
    '--metrics',
    asked.join(', '),
    '--encoder',
    `file:${encoder}`,
    ...at('later'),
  ]);
  // what five models wrote, and the test texts that all of them are compared with
  expect(scored).toMatchObject({ generations: 6, evaluations: { computed: asked.length * 5 } });
  const { observe, encoder: imported } = await steps('later');
  expect({ observe, imported }).toEqual({ observe: 5 + 6, imported: 1 });
  await rm(encoder, { recursive: true });
  expect(
    await json<Scored>(['score', 'tiny', '--metrics', 'mmd', ...at('later')]).catch((error: Error) => error.message),
  ).toContain('mmd reads vectors of texts');
  const found = (await rows('later')) as (RunOutcome['rows'][number] & { settings: Record<string, unknown>; n: number })[];
  const named = found.find(({ metric }) => metric === 'frechet')!.settings.encoder as string;
  expect(named).toMatch(/^file:minilm@sha256:/);
  const again = await json<Scored>(['score', 'tiny', '--metrics', 'mmd', '--encoder', named, ...at('later')]);
  expect(again).toMatchObject({ observations: { computed: 0 }, evaluations: { computed: 5 } });

  const { stdout } = await habsburg([
    'results',
    'tiny',
    '--per-record',
    '--observation',
    'embedding/generated',
    ...store('later'),
  ]);
  const lines = stdout.trim().split('\n').slice(1).map((line) => line.split(',')); // prettier-ignore
  for (const { condition, generation, value, n } of found.filter(
    ({ metric, variant }) => metric === 'd-sem' && variant === 'guo',
  )) {
    const vectors = lines.filter((line) => line[0] === condition && Number(line[3]) === generation).map((line) => line.slice(6).map(Number)); // prettier-ignore
    expect(vectors).toHaveLength(n);
    let cosines = 0;
    for (const a of vectors) for (const b of vectors) if (a !== b) cosines += a.reduce((sum, x, k) => sum + x * b[k], 0);
    expect((1 - cosines / (n * (n - 1))) / 2).toBeCloseTo(value, 6);
  }
}, 600_000);

test('a run that has nothing to compute needs no server; one that lacks a step makes it', async () => {
  const all = ['--set', 'metrics=[rep, perplexity, {name: coverage, settings: {tokens: 1000}}, distinct-1]'];
  const again = async () => {
    const { code, stdout, stderr } = await habsburg(['run', TINY, ...all, ...at('at-once'), '--json']);
    expect(code).toBe(0);
    return { stderr, outcome: JSON.parse(stdout.trim().split('\n').at(-1)!) as RunOutcome };
  };
  const before = await rows('at-once');
  const done = await again();
  expect(done.stderr).toContain('no server is needed');
  expect(done.stderr).not.toContain('Temporal server');
  expect(done.outcome).toMatchObject({ status: 'done', result: { runs: 2, failed: 0, steps: { computed: 0 } }, rows: before });

  const planned = await json<{ done: object }>(['plan', TINY, ...all, ...store('at-once')]);
  expect(planned.done).toMatchObject({ generations: { asked: 6, there: 6, scored: 6 }, runs: { asked: 2, done: 2 } });
  const other = await json<{ done: object }>(['plan', TINY, ...store('at-once')]);
  expect(other.done).toMatchObject({ generations: { asked: 6, there: 6, scored: 0 } });
  const longer = await json<{ done: object }>(['plan', TINY, ...all, '--set', 'generations=4', ...store('at-once')]);
  expect(longer.done).toMatchObject({ generations: { asked: 10, there: 6, scored: 6 }, runs: { asked: 2, done: 0 } });

  const [lost] = [...(await stepsOf(join(folder.path, 'at-once', 'store')))].find(([, { step }]) => step === 'generate')!;
  await rm(join(folder.path, 'at-once', 'store', 'names', 'steps', `${lost.slice('sha256:'.length)}.json`));
  const mended = await again();
  expect(mended.stderr).not.toContain('no server is needed');
  expect(mended.outcome).toMatchObject({ result: { steps: { computed: 1 } }, rows: before });
}, 600_000);

test('what cannot be scored is told in a sentence, and nothing is started', async () => {
  const refused = async (args: readonly string[]) => {
    const { code, stdout, stderr } = await habsburg([...args, ...at('later')]);
    expect(stdout).toBe('');
    return { code, stderr: stderr.trim() };
  };
  expect(await refused(['score', 'tiny', '--metrics', 'reps'])).toEqual({
    code: 2,
    stderr: 'habsburg: --metrics reps: unknown value "reps"; did you mean "rep"?',
  });
  expect(await refused(['score', 'tiny', '--metrics', '{name: coverage, settings: {token: 5}}'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/unknown key "?token"?.*tokens/),
  });
  expect(await refused(['score', 'tinny'])).toMatchObject({ code: 4, stderr: expect.stringContaining('it holds "tiny"') });
}, 60_000);
