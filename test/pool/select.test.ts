import { describe, expect, test } from '@jest/globals';
import { CounterRng } from '../../common/philox.js';
import { expectedMoments } from '../../kinds/chains/laws/moments.js';
import type { DataRecord } from '../../pool/records.js';
import { select, type SampleRng } from '../../pool/select.js';
import {
  firstTerms,
  sizeAt,
  termsOf,
  writtenBy,
  type MixturePlan,
  type MixtureRule,
  type SamplePlan,
} from '../../spec/mixture.js';
import { failure } from '../artifacts/object-store-contract.js';

const keep = (share: number): MixtureRule => ({ kind: 'keep-share', share });
const pad = (i: number) => String(i).padStart(6, '0');
const real = (n: number): DataRecord[] =>
  Array.from({ length: n }, (_, i) => ({ id: `real/${pad(i)}`, tokens: [i], text: '', origin: { kind: 'real', source: 's' } }));
const written = (n: number, generation = 1): DataRecord[] =>
  Array.from({ length: n }, (_, i) => ({
    id: `g${generation}/opt/${pad(i)}`,
    tokens: [1000 + i],
    text: '',
    origin: { kind: 'generated', member: 'opt', generation, model: 'sha256:m', prompt: `real/${pad(i)}` },
  }));
const rngOf =
  (seed = 1) =>
  (generation: number) =>
    new CounterRng({ seed, generation, member: 'opt', step: 'sample' });

interface Drawn {
  readonly mixture: MixturePlan;
  readonly sample?: SamplePlan;
  readonly generation: number;
  readonly first: readonly DataRecord[];
  readonly real?: readonly DataRecord[];
  /** of the generations before, the last one last */
  readonly written: readonly (readonly DataRecord[])[];
  readonly rngOf: SampleRng;
}

/** The records that `select` names. */
function drawTrainingSet({ mixture, sample, generation, first, real: all, written: sets, rngOf }: Drawn): DataRecord[] {
  const terms = termsOf(mixture);
  const pool = new Map<string, readonly DataRecord[]>([['real', first]]);
  if (all) pool.set('unseen', all);
  const past = sets.length > 1 && terms.some((one) => one.generation === 'all') ? sets.slice(0, -1).flat() : undefined;
  sets.forEach((set, i) => pool.set(`opt/${generation - sets.length + i}`, set));
  if (past) pool.set(`opt/0-${generation - 2}`, past);
  const previous = sets.at(-1);
  const runs = select({
    termsAt: (t) => (t === 0 ? firstTerms(sample!) : terms),
    self: 'opt',
    generation,
    n: (t) => (sample === undefined ? first.length : sizeAt(sample, t)),
    sizes: new Map([...pool].map(([name, records]) => [name, records.length])),
    continued: (i) => Number(/(\d+)$/.exec(previous![i].id)![1]),
    rngOf,
  });
  return runs.flatMap(({ set, first: from, count }) => pool.get(set)!.slice(from, from + count));
}
const drawFirstSet = (records: readonly DataRecord[], size: number, rng: SampleRng): DataRecord[] =>
  select({
    termsAt: () => firstTerms({ size, growth: 0 }),
    self: 'opt',
    generation: 0,
    n: () => size,
    sizes: new Map([['unseen', records.length]]),
    rngOf: rng,
  }).flatMap(({ first, count }) => records.slice(first, first + count));

const draw = (mixture: MixturePlan, first: DataRecord[], last: DataRecord[], generation = 1, seed = 1) =>
  drawTrainingSet({ mixture, generation, first, written: [last], rngOf: rngOf(seed) });
const idsOf = (records: readonly DataRecord[]) => records.map(({ id }) => id);

describe('mixture', () => {
  test('replace is what was written', () => {
    expect(draw({ kind: 'replace' }, real(5), written(5))).toEqual(written(5));
  });

  test.each([
    [0, 0],
    [0.1, 300],
    [0.25, 750],
    [1 / 3, 1000],
    [0.0001, 0],
    [0.0002, 1],
    [1, 3000],
  ])('share %f of 3000 keeps exactly %i, each at its own position', (share, count) => {
    const drawn = draw(keep(share), real(3000), written(3000));
    expect(drawn).toHaveLength(3000);
    drawn.forEach((record, i) => expect(record.id).toBe(`${record.origin.kind === 'real' ? 'real' : 'g1/opt'}/${pad(i)}`));
    expect(drawn.filter((r) => r.origin.kind === 'real')).toHaveLength(count);
  });

  test('the share is redrawn each generation and seed, and the same draw comes again', () => {
    const kept = (generation: number, seed = 1) =>
      draw(keep(0.1), real(3000), written(3000), generation, seed).flatMap((r, i) => (r.origin.kind === 'real' ? [i] : []));
    expect(kept(1)).toEqual(kept(1));
    const overlap = (a: number[], b: number[]) => a.filter((i) => b.includes(i)).length;
    // hypergeometric: mean 30, sd 4.9
    for (const [a, b] of [
      [kept(1), kept(2)],
      [kept(1), kept(1, 2)],
      [kept(2), kept(3)],
    ]) {
      expect(overlap(a, b)).toBeGreaterThan(10);
      expect(overlap(a, b)).toBeLessThan(50);
    }
  });

  test('every position is kept equally often (chi-square, p > .001)', () => {
    const counts = new Array<number>(20).fill(0);
    for (let t = 1; t <= 2000; t++) {
      draw(keep(0.25), real(20), written(20), t).forEach((r, i) => (counts[i] += r.origin.kind === 'real' ? 1 : 0));
    }
    // without replacement the counts' covariance shrinks chi-square by (n-1)/n x (1 - share) … compare the scaled statistic with 19 degrees
    const chi2 = counts.reduce((s, n) => s + (n - 500) ** 2 / (500 * 0.75), 0) * (19 / 20);
    expect(chi2).toBeLessThan(43.82);
  });

  test('where empty records were dropped, positions come from the ids', () => {
    const previous = written(10).filter((_, i) => i % 3 !== 0);
    const drawn = draw(keep(0.5), real(10), previous);
    expect(drawn.filter((r) => r.origin.kind === 'real')).toHaveLength(3);
    drawn.forEach((record, i) => expect(record.id.slice(-6)).toBe(previous[i].id.slice(-6)));
  });

  test('where more was written than there are real records, positions go round', () => {
    expect(idsOf(draw(keep(1), real(3), written(7))).map((id) => id.slice(-1))).toEqual(['0', '1', '2', '0', '1', '2', '0']);
  });

  test('accumulate and fixed-real take everything, once', () => {
    const [first, w0, w1] = [real(3), written(4, 0), written(2, 1)];
    const all = { generation: 2, first, written: [w0, w1], rngOf: rngOf() };
    expect(drawTrainingSet({ ...all, mixture: { kind: 'accumulate' } })).toEqual([...first, ...w0, ...w1]);
    expect(drawTrainingSet({ ...all, mixture: { kind: 'fixed-real' } })).toEqual([...first, ...w1]);
  });

  test('accumulate-subsample draws as many as a generation has, each of all so far equally often (chi-square, p > .001)', () => {
    const counts = new Map<string, number>();
    const pools = [real(5), written(5, 0), written(5, 1), written(5, 2)];
    for (let seed = 1; seed <= 2000; seed++) {
      const drawn = drawTrainingSet({
        mixture: { kind: 'accumulate-subsample' },
        generation: 3,
        first: pools[0],
        written: pools.slice(1),
        rngOf: rngOf(seed),
      });
      expect(new Set(idsOf(drawn)).size).toBe(5);
      for (const { id } of drawn) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    const ids = pools.flatMap(idsOf);
    const chi2 = ids.reduce((sum, id) => sum + ((counts.get(id) ?? 0) - 500) ** 2 / (500 * 0.75), 0) * (19 / 20);
    expect(chi2).toBeLessThan(43.82);
  });

  test.each<[string, MixtureRule]>([
    ['fresh', { kind: 'fresh', share: 0.4 }],
    ['weights', { kind: 'weights', alpha: 0.5, beta: 0.2, gamma: 0.3 }],
  ])('%s never takes a real record twice, and says when there are no more', async (_name, mixture) => {
    const pool = real(60);
    const sample: SamplePlan = { size: 20, growth: 0 };
    const first = drawFirstSet(pool, 20, rngOf());
    expect(idsOf(first)).toEqual([...idsOf(first)].sort());
    const seen = new Set(idsOf(first));
    const generations = async (): Promise<number> => {
      for (let t = 1; ; t++) {
        const drawn = drawTrainingSet({
          mixture,
          sample,
          generation: t,
          first,
          real: pool,
          written: t > 1 ? [written(40, t - 2), written(40, t - 1)] : [written(40, 0)],
          rngOf: rngOf(),
        });
        const fresh = idsOf(drawn).filter((id) => id.startsWith('real/'));
        if (mixture.kind === 'fresh') expect(fresh).toHaveLength(8);
        expect(fresh.filter((id) => seen.has(id))).toEqual([]);
        for (const id of fresh) seen.add(id);
        expect(new Set(idsOf(drawn)).size).toBe(20);
      }
    };
    const { kind, message } = await failure(generations());
    expect([kind, message]).toEqual([
      'invalid',
      expect.stringMatching(/^data\.train has 60 records, of which \d+ are used, and \d+ new ones are needed; lower the sample/),
    ]);
    expect(seen.size).toBeGreaterThan(40);
  });

  test('a first set larger than the data is refused', async () => {
    const { message } = await failure((async () => drawFirstSet(real(10), 11, rngOf()))());
    expect(message).toBe("data.train has 10 records, and the member's sample asks for 11; lower the sample, or give more data");
  });
});

describe('numbers for records: the fitted mean and variance follow the exact laws of every mixture', () => {
  const rules: [MixtureRule, number][] = [
    [{ kind: 'replace' }, 0],
    [{ kind: 'replace' }, 0.7],
    [keep(0.25), 0],
    [{ kind: 'accumulate' }, 0],
    [{ kind: 'accumulate' }, 0.5],
    [{ kind: 'accumulate-subsample' }, 0],
    [{ kind: 'fresh', share: 0.25 }, 0.5],
    [{ kind: 'fixed-real' }, 0],
    [{ kind: 'weights', alpha: 0.5, beta: 0.2, gamma: 0.3 }, 0],
    [{ kind: 'weights', alpha: 0.6, beta: 0.4, gamma: 0 }, 0.5],
  ];
  const [last, chains, size] = [4, 2000, 8];

  test.each(rules)('%j, growth %d', (mixture, growth) => {
    const sample: SamplePlan = { size, growth };
    const opt = { name: 'opt', sample, mixture };
    const sums = Array.from({ length: last + 1 }, () => ({ variance: [0, 0], squaredError: [0, 0] }));
    for (let seed = 0; seed < chains; seed++) {
      const numbers = new CounterRng({ seed, generation: 0, member: 'opt', step: 'test' });
      let drawn = 0;
      const record = (id: string, value: number, kind: 'real' | 'generated'): DataRecord =>
        ({ id, tokens: [value], text: '', origin: { kind } }) as unknown as DataRecord;
      const pool = Array.from({ length: 90 }, (_, i) => record(`real/${pad(i)}`, numbers.normal(drawn++), 'real'));
      const first = drawFirstSet(pool, size, rngOf(seed));
      const sets: DataRecord[][] = [];
      for (let t = 0; t <= last; t++) {
        const train =
          t === 0
            ? first
            : drawTrainingSet({
                mixture,
                sample,
                generation: t,
                first,
                real: pool,
                written: sets,
                rngOf: rngOf(seed),
              });
        const values = train.map(({ tokens }) => tokens[0]);
        const mean = values.reduce((a, b) => a + b, 0) / values.length;
        const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
        for (const [key, value] of [
          ['variance', variance],
          ['squaredError', mean ** 2],
        ] as const) {
          // prettier-ignore
          sums[t][key][0] += value;
          sums[t][key][1] += value ** 2;
        }
        sets.push(
          Array.from({ length: writtenBy(opt, [opt], t)! }, (_, i) =>
            record(`g${t}/opt/${pad(i)}`, mean + Math.sqrt(variance) * numbers.normal(drawn++), 'generated'),
          ),
        );
      }
    }
    const laws = expectedMoments({ variance: 1, factor: () => 1, inflation: () => 0 }, sample, mixture, last);
    laws.forEach((law, t) => {
      for (const key of ['variance', 'squaredError'] as const) {
        const [sum, squares] = sums[t][key];
        const error = Math.sqrt((squares / chains - (sum / chains) ** 2) / chains);
        // 100 intervals altogether: 4.5 standard errors are passed by chance once in more than a thousand runs
        expect(Math.abs(sum / chains - law[key])).toBeLessThan(4.5 * error);
      }
    });
  });
});

test('of real texts as many are taken as a count says, or none: fewer are a mistake; of what a model wrote there may be fewer', () => {
  const asked = (from: 'real' | 'self', count: number) => () =>
    select({
      termsAt: () => termsOf({ kind: 'terms', terms: [{ from, generation: from === 'real' ? 0 : 'previous', take: { count }, draw: 'redrawn' }] } as never), // prettier-ignore
      self: 'opt',
      generation: 1,
      n: () => 3,
      sizes: new Map([['real', 3], ['opt/0', 3]]), // prettier-ignore
      rngOf: rngOf(),
    });
  expect(asked('real', 3)()).toEqual([{ set: 'real', first: 0, count: 3 }]);
  expect(asked('real', 4)).toThrow('a term asks for 4 records of real, which has 3; lower the count, or give more text');
  expect(asked('self', 4)()).toEqual([{ set: 'opt/0', first: 0, count: 3 }]);
});
