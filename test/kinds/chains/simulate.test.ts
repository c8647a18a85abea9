import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { decode, encode } from '../../../kinds/chains/host/codec.js';
import { STATE_FILE, simulate } from '../../../kinds/chains/host/simulate.js';
import type { JobIo, SimulateJob } from '../../../kinds/host/types.js';
import { SERIES_FILE } from '../../../spec/results.js';
import type { SeriesDocument } from '../../../spec/results.js';
import { termsOf, type MixturePlan, type Term } from '../../../spec/mixture.js';
import type { WorldPlan } from '../../../kinds/chains/plan.js';

const folder = () => mkdtemp(join(tmpdir(), 'habsburg-simulate-'));
class Killed extends Error {}

/** @param killAt the job is killed after so many checkpoints, taken whenever it asks */
function io(saved: string[], killAt = Infinity): JobIo {
  return {
    threads: 1,
    progress: () => undefined,
    checkpointDue: () => killAt < Infinity,
    async checkpoint(write) {
      const target = await folder();
      const copy = await folder();
      await write(target);
      await cp(target, copy, { recursive: true });
      saved.push(copy);
      if (saved.length >= killAt) throw new Killed();
    },
  };
}

async function run(
  job: Pick<SimulateJob, 'member' | 'mixture' | 'phases' | 'tied' | 'seeds' | 'from' | 'to' | 'state' | 'resume' | 'text'>,
  control = io([]),
) {
  const [outState, outSeries] = [await folder(), await folder()];
  await simulate({ op: 'simulate', family: job.member.world.family, outState, outSeries, ...job }, control);
  const series = JSON.parse(await readFile(join(outSeries, SERIES_FILE), 'utf8')) as SeriesDocument;
  return { outState, states: await readFile(join(outState, STATE_FILE), 'utf8'), series };
}

const TEXT = `${'the cat sat on the mat\na dog ran over the hill\n\nthe end of a day\n'.repeat(40)}a rare word\n`;

async function text() {
  const at = await folder();
  await writeFile(join(at, 'train'), TEXT);
  await writeFile(join(at, 'test'), 'the cat ran over a mouse\n');
  return { train: join(at, 'train'), test: join(at, 'test') };
}

const WORLDS: WorldPlan[] = [
  { family: 'gaussian', dimensions: 2, mean: 1, sigma: 2, estimator: 'biased' },
  { family: 'discrete', states: 30, zipf: 1 },
  {
    family: 'gmm',
    truth: [{ weight: 1, mean: [0, 0], sigma: 1 }],
    components: 2,
    tolerance: 1e-3,
    maxIterations: 20,
    regularization: 1e-6,
  },
  { family: 'kde', shape: 'moons', bandwidth: 'scott', test: 20 },
  { family: 'regression', dimensions: 3, noise: 1 },
  { family: 'n-gram', order: 3, interpolation: [0.5, 0.3, 0.19, 0.01], tail: 0.05 },
];
const term = (from: Term['from'], generation: Term['generation'], take: Term['take'], draw: Term['draw'] = 'redrawn'): Term => ({ from, generation, take, draw }); // prettier-ignore
const MIXTURES: MixturePlan[] = [
  { kind: 'replace' },
  { kind: 'keep-share', share: 0.3 },
  { kind: 'accumulate' },
  { kind: 'accumulate-subsample' },
  { kind: 'fresh', share: 0.3 },
  { kind: 'fixed-real' },
  { kind: 'weights', alpha: 0.5, beta: 0.3, gamma: 0.2 },
  {
    kind: 'terms',
    terms: [
      term('real', 0, { share: 0.25 }, 'fresh'),
      term('self', 'all', { count: 3 }),
      term('self', 'previous', { weight: 2 }),
      term('self', -2, { weight: 1 }, 'fresh'),
    ],
  },
];

describe('chains', () => {
  test.each(WORLDS.flatMap((world) => MIXTURES.map((mixture) => [world.family, mixture.kind, world, mixture] as const)))(
    '%s under %s: cut in two, or killed at every checkpoint, leave the same bytes',
    async (family, _kind, world, mixture) => {
      const job = {
        member: { name: 'm', world, sample: { size: family === 'n-gram' ? 0 : 24, growth: 0 } },
        mixture,
        seeds: [3, 5],
        ...(family === 'n-gram' ? { text: await text() } : {}),
      };
      const whole = await run({ ...job, from: 0, to: 7 });
      expect(whole.series.values.flat(2).filter((value) => value !== null).length).toBeGreaterThan(30);

      const first = await run({ ...job, from: 0, to: 3 });
      const second = await run({ ...job, from: 4, to: 7, state: first.outState });
      expect(second.states).toBe(whole.states);
      expect(first.series.values.map((measure, m) => [...measure, ...second.series.values[m]])).toEqual(whole.series.values);

      let resume: string | undefined;
      for (let kills = 0; ; kills++) {
        const saved: string[] = [];
        try {
          const end = await run({ ...job, from: 0, to: 7, resume }, io(saved, 5));
          expect(kills).toBeGreaterThan(1);
          expect(end.states).toBe(whole.states);
          expect(end.series).toEqual(whole.series);
          break;
        } catch (error) {
          if (!(error instanceof Killed)) throw error;
          resume = saved[saved.length - 1];
        }
      }
    },
  );

  test.each(MIXTURES.filter(({ kind }) => kind !== 'terms'))('%j is its list of terms, to the byte', async (mixture) => {
    const job = { member: { name: 'm', world: WORLDS[0], sample: { size: 12, growth: 0.5 } }, seeds: [3], from: 0, to: 5 };
    const named = await run({ ...job, mixture });
    const listed = await run({ ...job, mixture: { kind: 'terms', terms: termsOf(mixture) } });
    expect(listed.states).toBe(named.states);
    expect(listed.series).toEqual(named.series);
  });

  test.each(WORLDS.filter(({ family }) => family !== 'regression').map((world) => [world.family, world] as const))(
    '%s that learn from each other, from a phase on: cut in two, or killed at every checkpoint, leave the same bytes, a series each',
    async (family, world) => {
      const member = (name: string, size: number) => ({ name, world, sample: { size, growth: 0 } });
      const phased = (...mixtures: MixturePlan[]) => ({
        mixture: mixtures[0],
        phases: [0, 3, 6].map((from, i) => ({ from, mixture: mixtures[i] })),
      });
      const replace: MixturePlan = { kind: 'replace' };
      const [half, other] = [{ share: 0.5 }, term('self', 'previous', { share: 0.5 })];
      const reads = (name: string): MixturePlan => ({ kind: 'terms', terms: [other, term(name, 'previous', half)] });
      const a = { member: member('a', 24), ...phased(replace, reads('b'), { kind: 'terms', terms: [term('b', -2, { share: 1 }, 'fresh')] }) };
      const b = { member: member('b', 30), ...phased({ kind: 'accumulate' }, { kind: 'terms', terms: [term(['real', 'a'], 'all', 'all')] }, reads('a')) };
      const texts = family === 'n-gram' ? { text: await text() } : {};
      const move = async (from: number, to: number, more: { state?: string; resume?: string } = {}, control = io([])) => {
        const stage = from < 3 ? 0 : from < 6 ? 1 : 2;
        const outSeries = await folder();
        const now = (part: typeof a) => ({ ...part, mixture: part.phases[stage].mixture });
        const found = await run({ ...now(a), ...texts, seeds: [3, 5], from, to, tied: [{ ...now(b), outSeries }], ...more }, control);
        return { ...found, others: JSON.parse(await readFile(join(outSeries, SERIES_FILE), 'utf8')) as SeriesDocument };
      };
      const [first, second] = [await move(0, 2), await move(3, 5, { state: (await move(0, 2)).outState })];
      const third = await move(6, 8, { state: second.outState });
      expect([first.series.n, first.others.n]).toEqual([[24, 24, 24], [30, 60, 90]]);
      // b's 30 real ones and all that a wrote, 24 a generation, from the beginning on
      expect([second.series.n, second.others.n]).toEqual([[24, 24, 24], [102, 126, 150]]);
      expect([third.series.n, third.others.n]).toEqual([[24, 24, 24], [30, 30, 30]]);
      expect(third.series.values).not.toEqual(third.others.values);

      const middle = await move(3, 4, { state: first.outState });
      const rest = await move(5, 5, { state: middle.outState });
      expect(rest.states).toBe(second.states);
      expect([...middle.others.n, ...rest.others.n]).toEqual(second.others.n);

      let resume: string | undefined;
      for (let kills = 0; ; kills++) {
        const saved: string[] = [];
        try {
          const end = await move(3, 5, { state: first.outState, resume }, io(saved, 2));
          expect(kills).toBeGreaterThan(1);
          expect([end.states, end.series, end.others]).toEqual([second.states, second.series, second.others]);
          break;
        } catch (error) {
          if (!(error instanceof Killed)) throw error;
          resume = saved[saved.length - 1];
        }
      }
    },
  ); // prettier-ignore

  test('of one seed do not depend on the seeds beside it', async () => {
    const member = { name: 'm', world: WORLDS[0], sample: { size: 10, growth: 0 } };
    const both = await run({ member, mixture: { kind: 'replace' }, seeds: [1, 2], from: 0, to: 3 });
    const alone = await run({ member, mixture: { kind: 'replace' }, seeds: [2], from: 0, to: 3 });
    expect(both.states.split('\n')[1]).toBe(alone.states.split('\n')[0]);
    expect(both.states.split('\n')[0]).not.toBe(both.states.split('\n')[1]);
  });
});

test('typed arrays are written bit for bit', () => {
  const value = {
    a: [new Float64Array([1e-310, -0, Math.PI]), null],
    b: { c: new Int32Array([-1, 7]), d: 'f64', e: 1 },
    u: new Uint32Array([4294967295]),
  };
  const text = encode(value);
  expect(encode(decode(text))).toBe(text);
  expect(decode(text)).toEqual(value);
  expect(text).toContain('"f64":"');
});
