/** Settings that change from a generation on, walked without a server: what is the same before, and what is trained on after. */
import { describe, expect, test } from '@jest/globals';
import { CounterRng } from '../../common/philox.js';
import { drawingOf, select } from '../../pool/select.js';
import { setName, setsOf, termsOf, type MixturePlan, type SamplePlan } from '../../spec/mixture.js';
import { outline } from '../../workflows/outline.js';
import { earlierDraws } from '../../workflows/reads.js';
import { SMALL, load } from '../spec/support.js';
import { list, member, term, walk, type Some } from './walk.js';

const replace: MixturePlan = { kind: 'replace' };
const accumulate: MixturePlan = { kind: 'accumulate' };

describe('steps before a phase', () => {
  const SAMPLED = SMALL.replace('generations: 2', 'generations: 5').replace('    prompts:', '    sample: 20\n    prompts:');
  test.each([
    ['a mixture', 'mixture: { kind: accumulate }'],
    ['one that reads two generations back', 'mixture: { kind: weights, alpha: 0.5, beta: 0.5 }'],
    ['one that asks for more than was written', 'mixture: [{ from: self, generation: -3, take: { count: 50 } }]'],
    ['new real records', 'mixture: { kind: fresh, share: 0.5 }'],
    ['another sample', 'override: { opt: { sample: { size: 30, growth: 0 } } }'],
    ['training', 'override: { opt: { training: { epochs: 7 } } }'],
    ['decoding', 'override: { opt: { decoding: { maxNewTokens: 5, minNewTokens: 5 } } }'],
    ['the start', 'override: { opt: { start: base } }'],
    ['prompts', 'override: { opt: { prompts: previous } }'],
  ])('are those of a condition without it: %s', async (_what, change) => {
    const { plan } = await load(
      `${SAMPLED}  - name: other\n    mixture: { kind: replace }\n    phases: [{ from: 3, ${change} }]\n`,
    );
    const { runs } = outline(plan);
    const [usual, other] = runs.map(({ steps }) => steps);
    const before = usual.filter(({ generation }) => generation < 3);
    expect(before.length).toBe(4 * 3);
    const shared = other.filter(({ sameAs }) => sameAs !== undefined);
    expect(shared.map(({ sameAs }) => sameAs)).toEqual(expect.arrayContaining(before.map(({ id }) => id)));
    // and generation 3 is another one, as far as it gets before it writes
    const differ = other.filter(({ generation, sameAs }) => generation === 3 && sameAs === undefined);
    expect(differ.length).toBeGreaterThan(0);
    expect(other.filter(({ generation, sameAs }) => generation > 3 && sameAs !== undefined)).toEqual([]);
  });
});

describe('what a phase trains on', () => {
  test('everything, from a generation on: what was written before is put together then, and grows', async () => {
    const one = (mixture: MixturePlan): Some[] => [{ name: 'a', mixture }];
    const { trained, asked, held } = await walk(one(replace), 5, 12, [{ from: 3, some: one(accumulate) }]);
    expect(trained.a).toEqual([
      { real: 12 },
      { 'a@0': 12 },
      { 'a@1': 12 },
      { real: 12, 'a@0': 12, 'a@1': 12, 'a@2': 12 },
      { real: 12, 'a@0': 12, 'a@1': 12, 'a@2': 12, 'a@3': 12 },
      { real: 12, 'a@0': 12, 'a@1': 12, 'a@2': 12, 'a@3': 12, 'a@4': 12 },
    ]);
    expect(asked.filter((step) => step.endsWith('/sample'))).toEqual(['g1', 'g2', 'g3', 'g3', 'g4', 'g5'].map((g) => `${g}/a/sample`)); // prettier-ignore
    // sets carried on: all written so far until they are needed, then the last one and the past
    expect(held).toEqual([1, 2, 3, 2, 2, 2]);
  });

  test('everything from generation 1 on, and a change of nothing else, put nothing together', async () => {
    const one = (mixture: MixturePlan): Some[] => [{ name: 'a', mixture }];
    const early = await walk(one(replace), 3, 12, [{ from: 1, some: one(accumulate) }]);
    expect(early.trained.a[3]).toEqual({ real: 12, 'a@0': 12, 'a@1': 12, 'a@2': 12 });
    expect(early.held).toEqual([1, 2, 2, 2]);
    const through = await walk(one(accumulate), 3, 12, [{ from: 2, some: one(accumulate) }]);
    expect(through.trained.a[3]).toEqual({ real: 12, 'a@0': 12, 'a@1': 12, 'a@2': 12 });
    expect(through.asked.filter((step) => step.startsWith('g2/'))).toEqual(['g2/a/sample', 'g2/a/finetune', 'g2/a/generate']);
    expect(through.held).toEqual([1, 2, 2, 2]);
  });

  test('everything again, after a phase without', async () => {
    const one = (mixture: MixturePlan): Some[] => [{ name: 'a', mixture }];
    const { trained } = await walk(one(accumulate), 4, 12, [
      { from: 2, some: one(replace) },
      { from: 4, some: one(accumulate) },
    ]);
    expect(trained.a.slice(2)).toEqual([{ 'a@1': 12 }, { 'a@2': 12 }, { real: 12, 'a@0': 12, 'a@1': 12, 'a@2': 12, 'a@3': 12 }]);
  });

  test('generations further back than before, as far as there are any, and then no longer', async () => {
    const one = (mixture: MixturePlan): Some[] => [{ name: 'a', mixture }];
    const far = list(term('self', -3, { count: 6 }), term('self', 0, { count: 2 }));
    const { trained, held } = await walk(one(replace), 7, 12, [
      { from: 4, some: one(far) },
      { from: 6, some: one(replace) },
    ]);
    expect(trained.a.slice(3)).toEqual([
      { 'a@2': 12 },
      { 'a@1': 6, 'a@0': 2 },
      { 'a@2': 6, 'a@0': 2 },
      { 'a@5': 12 },
      { 'a@6': 12 },
    ]);
    // 0, 1 and 2 are kept until the last of them has been read
    expect(held).toEqual([1, 2, 3, 4, 3, 1, 1, 1]);
  });

  test('two members: one begins to read what the other wrote in the same generation, then all of it in its own tokens', async () => {
    const two = (mixture: MixturePlan): Some[] => [
      { name: 'llama', mixture, tokenizer: 'other' },
      { name: 'opt', mixture: replace },
    ];
    const cross = list(term('real', 0, { share: 0.5 }), term('opt', 'current', { share: 0.5 }));
    const { trained, asked } = await walk(two(replace), 6, 12, [
      { from: 2, some: two(cross) },
      { from: 4, some: two(list(term('opt', 'all'))) },
    ]);
    expect(trained.opt).toEqual([{ real: 12 }, ...[0, 1, 2, 3, 4, 5].map((t) => ({ [`opt@${t}`]: 12 }))]);
    expect(trained.llama).toEqual([
      { real: 12 },
      { 'llama@0': 12 },
      { real: 6, 'opt@2': 6 },
      { real: 6, 'opt@3': 6 },
      // a view has half as long records
      { 'opt@0': 24, 'opt@1': 24, 'opt@2': 24, 'opt@3': 24 },
      { 'opt@0': 24, 'opt@1': 24, 'opt@2': 24, 'opt@3': 24, 'opt@4': 24 },
      { 'opt@0': 24, 'opt@1': 24, 'opt@2': 24, 'opt@3': 24, 'opt@4': 24, 'opt@5': 24 },
    ]);
    const of = (t: number) => asked.filter((step) => step.startsWith(`g${t}/`));
    // only then does llama wait for opt
    expect(of(2).indexOf('g2/opt/generate')).toBeLessThan(of(2).indexOf('g2/llama/sample'));
    const after = asked.slice(asked.indexOf('g3/llama/generate') + 1);
    expect(after.filter((step) => /llama|view/.test(step)).slice(0, 8)).toEqual([
      ...['g0/opt/view', 'g1/opt/view', 'g2/opt/view', 'g4/llama/sample', 'g3/opt/view', 'g4/llama/sample'],
      ...['g4/llama/finetune', 'g4/llama/generate'],
    ]);
  });

  test('more than was written: all of it is taken, and from then on more is written', async () => {
    const some = (size: number): Some[] => [{ name: 'a', mixture: list(term('self', 'previous', { share: 1 })), sample: { size, growth: 0 } }]; // prettier-ignore
    const { trained } = await walk(some(20), 4, 100, [{ from: 2, some: some(50) }]);
    expect(trained.a).toEqual([{ real: 20 }, { 'a@0': 20 }, { 'a@1': 20 }, { 'a@2': 50 }, { 'a@3': 50 }]);
  });
});

describe('new real records', () => {
  const fresh = (share: number): MixturePlan => ({ kind: 'fresh', share });
  const sample: SamplePlan = { size: 100, growth: 0 };
  const one = (mixture: MixturePlan, records = sample) => [member({ name: 'a', mixture, sample: records })];

  /** Positions of the new real records that each generation takes in. */
  function taken(run: Parameters<typeof earlierDraws>[0], last: number, records: number): number[][] {
    return Array.from({ length: last }, (_, i) => {
      const t = i + 1;
      const now = [{ from: 0, members: run.members }, ...(run.phases ?? [])].findLast(({ from }) => from <= t)!.members[0];
      const terms = termsOf(now.mixture);
      const runs = select({
        ...drawingOf({ generation: t, terms, sample: now.sample, ...earlierDraws(run, 'a', t) }, () => records),
        self: 'a',
        generation: t,
        sizes: new Map([...terms.flatMap((term) => setsOf(term, 'a', t)).map((set): [string, number] => [setName(set), 100]), ['unseen', records]]),
        rngOf: (generation) => new CounterRng({ seed: 1, generation, member: 'a', step: 'sample' }),
      }); // prettier-ignore
      const unseen = runs.filter(({ set }) => set === 'unseen');
      return unseen.flatMap(({ first, count }) => Array.from({ length: count }, (_, i) => first + i));
    });
  }

  test('of a phase are those that no generation before it has seen, whatever it drew by', () => {
    const phases = [
      { from: 3, members: one(fresh(0.1)) },
      { from: 5, members: one(replace) },
      { from: 6, members: one(fresh(0.5), { size: 60, growth: 0 }) },
    ];
    const run = { members: one(fresh(0.5)), phases };
    const drawn = taken(run, 8, 400);
    expect(drawn.map(({ length }) => length)).toEqual([50, 50, 10, 10, 0, 30, 30, 30]);
    expect(new Set(drawn.flat()).size).toBe(210);
    // 100 of generation 0 beside them: 90 are left, three times 30
    expect(taken(run, 11, 400).flat().length).toBe(300);
    expect(() => taken(run, 12, 400)).toThrow('data.train has 400 records, of which 400 are used, and 30 new ones are needed');
  });

  test('need no word of phases that changed something else', () => {
    const training = { members: one(fresh(0.5)), phases: [{ from: 2, members: one(fresh(0.5)) }] };
    expect(earlierDraws(training, 'a', 3)).toEqual({});
    expect(earlierDraws({ members: one(replace), phases: [{ from: 2, members: one(fresh(0.5)) }] }, 'a', 1)).toEqual({});
    expect(earlierDraws({ members: one(fresh(0.5)), phases: [{ from: 2, members: one(replace) }] }, 'a', 3)).toEqual({});
  });
});
