/** Several members in one run, walked without a server: what each trains on, against counts made by hand, and who waits for whom. */
import { describe, expect, test } from '@jest/globals';
import { REAL, type MixturePlan, type SamplePlan, type Term } from '../../spec/mixture.js';
import type { OperatorPlan } from '../../spec/operator-plan.js';
import { list, term, walk } from './walk.js';

const first = (records: number): readonly OperatorPlan[] => [{ name: `first-${records}`, settings: {} }];
const replace: MixturePlan = { kind: 'replace' };

describe('what members train on', () => {
  test('the second on half human, half what the first wrote in the same generation, in its own tokens', async () => {
    const cross = list(term('real', 0, { share: 0.5 }), term('opt', 'current', { share: 0.5 }));
    const { trained, asked } = await walk(
      [
        { name: 'llama', mixture: cross, tokenizer: 'other' },
        { name: 'opt', mixture: replace },
      ],
      3,
    );
    expect(trained.opt).toEqual([{ real: 12 }, { 'opt@0': 12 }, { 'opt@1': 12 }, { 'opt@2': 12 }]);
    expect(trained.llama).toEqual([{ real: 12 }, { real: 6, 'opt@1': 6 }, { real: 6, 'opt@2': 6 }, { real: 6, 'opt@3': 6 }]);
    // the first stands last in the file, and is before its reader all the same
    const g2 = asked.filter((step) => step.startsWith('g2/'));
    expect(g2).toEqual(['sample', 'finetune', 'generate'].map((s) => `g2/opt/${s}`).concat(['g2/opt/view', ...['sample', 'finetune', 'generate'].map((s) => `g2/llama/${s}`)])); // prettier-ignore
  });

  test('a ring of three: each on what the one before it wrote in the generation before, all beside each other', async () => {
    const ring = (from: string) => list(term(from, 'previous'));
    const { trained, most, held } = await walk(
      [
        { name: 'a', mixture: ring('c') },
        { name: 'b', mixture: ring('a') },
        { name: 'c', mixture: ring('b') },
      ],
      3,
    );
    expect(trained.a).toEqual([{ real: 12 }, { 'c@0': 12 }, { 'c@1': 12 }, { 'c@2': 12 }]);
    expect(trained.b).toEqual([{ real: 12 }, { 'a@0': 12 }, { 'a@1': 12 }, { 'a@2': 12 }]);
    expect(trained.c).toEqual([{ real: 12 }, { 'b@0': 12 }, { 'b@1': 12 }, { 'b@2': 12 }]);
    expect(most).toBe(3);
    expect(new Set(held)).toEqual(new Set([3])); // one set a member is carried on, however long the chain
  });

  test('a reader of all generations of two others, one of them through its own tokens', async () => {
    const { trained, held } = await walk(
      [
        { name: 'a', mixture: replace, tokenizer: 'other' },
        { name: 'b', mixture: { kind: 'keep-share', share: 0.25 } },
        { name: 'reader', mixture: list(term('real', 0, { count: 3 }), term(['a', 'b'], 'all')) },
      ],
      3,
    );
    expect(trained.b[3]).toEqual({ real: 3, 'b@2': 9 });
    expect(trained.reader).toEqual([
      { real: 12 },
      { real: 3, 'a@0': 24, 'b@0': 12 },
      { real: 3, 'a@0': 24, 'a@1': 24, 'b@0': 12, 'b@1': 12 },
      { real: 3, 'a@0': 24, 'a@1': 24, 'a@2': 24, 'b@0': 12, 'b@1': 12, 'b@2': 12 },
    ]);
    // written: one of each; and from generation 1 on the past of the two that are read
    expect(held).toEqual([3, 5, 5, 5]);
  });

  test('other real texts: read once for all who read alike, whole or a part, through operators, by what they hold', async () => {
    const essays = 'file:/here/essays.txt';
    const { trained, asked, held } = await walk(
      [
        { name: 'a', mixture: list(term(essays, 0), term('a', 'previous')) },
        {
          name: 'b',
          mixture: list(term([REAL, essays], 0, { count: 3 }), { ...term(essays, 0, { count: 2 }), through: first(2) }),
        },
      ],
      2,
    );
    expect(trained.a).toEqual([{ real: 12 }, { [essays]: 5, 'a@0': 12 }, { [essays]: 5, 'a@1': 12 }]);
    for (const counts of trained.b.slice(1)) {
      expect(counts[`${essays}~`]).toBe(2);
      expect((counts.real ?? 0) + (counts[essays] ?? 0)).toBe(3);
    }
    expect(asked.filter((step) => step.endsWith('/view'))).toEqual(['g0//view', 'g0//view']);
    expect(held).toEqual([2, 2, 2]); // what one member wrote last, each
  });

  test('a fresh term beside two by weight: shares to the record, weights by lot', async () => {
    const sample: SamplePlan = { size: 200, growth: 0 };
    const mixed = list(term('real', 0, { share: 0.25 }, 'fresh'), term('a', 'previous', { weight: 2 }), term('b', 'previous', { weight: 1 })); // prettier-ignore
    const { trained } = await walk(
      [
        { name: 'a', mixture: replace, sample },
        { name: 'b', mixture: replace, sample },
        { name: 'reader', mixture: mixed, sample },
      ],
      4,
      400,
    );
    for (const [t, counts] of trained.reader.slice(1).entries()) {
      expect(counts.real).toBe(50);
      const [a, b] = [counts[`a@${t}`], counts[`b@${t}`]];
      expect(a + b).toBe(150);
      expect(Math.abs(a - 100)).toBeLessThan(25); // mean 100, standard deviation 5.8
    }
    // 200 and four times 50 of 400: one more generation has none left
    await expect(walk([{ name: 'a', mixture: list(term('real', 0, { share: 0.25 }, 'fresh'), term('self', 'previous', { share: 0.75 })), sample }], 5, 400)).rejects.toThrow('data.train has 400 records, of which 400 are used, and 50 new ones are needed'); // prettier-ignore
  });

  test('generation 0 and two generations back stay in the pool; before there was a model there was human data', async () => {
    const { trained, held } = await walk(
      [
        { name: 'a', mixture: replace },
        { name: 'b', mixture: list(term('a', 0, { count: 2 }), term('a', -3, { count: 4 })) },
      ],
      5,
    );
    expect(trained.b.slice(1)).toEqual([
      { 'a@0': 2, real: 4 },
      { 'a@0': 2, real: 4 },
      { 'a@0': 6 },
      { 'a@0': 2, 'a@1': 4 },
      { 'a@0': 2, 'a@2': 4 },
    ]);
    expect(held).toEqual([2, 3, 4, 5, 5, 5]);
  });

  test('operators behind the writing: what they leave is what everybody reads, continues and accumulates', async () => {
    const { trained, asked } = await walk(
      [
        { name: 'a', mixture: { kind: 'accumulate' }, postprocess: first(5) },
        { name: 'b', mixture: list(term('real', 0, { count: 2 }), term('a', 'current')), tokenizer: 'other' },
      ],
      3,
    );
    expect(trained.a[3]).toEqual({ real: 12, 'a@0~': 5, 'a@1~': 5, 'a@2~': 5 });
    // through its own tokens: blocks half as long, of what is left
    expect(trained.b[2]).toEqual({ real: 2, 'a@2~': 10 });
    expect(asked.filter((step) => step.startsWith('g1/'))).toEqual(
      ['a/sample', 'a/finetune', 'a/generate', 'a/postprocess', 'a/view', 'b/sample', 'b/finetune', 'b/generate'].map((step) => `g1/${step}`), // prettier-ignore
    );
  });

  test('operators in a term: its own sets alone, each once, also where all generations are read', async () => {
    const through = (one: Term, records: number): Term => ({ ...one, through: first(records) });
    const { trained, asked } = await walk(
      [
        { name: 'a', mixture: replace },
        { name: 'b', mixture: list(term('a', 0), through(term('a', 'previous'), 3)) },
        { name: 'c', mixture: list(through(term('real', 0, { count: 4 }), 4), through(term('a', 'all'), 2)) },
        { name: 'd', mixture: list(through(term('a', -2), 1)) },
      ],
      3,
    );
    expect(trained.a[3]).toEqual({ 'a@2': 12 });
    // in generation 1 both terms read the same set, one as it is
    expect(trained.b.slice(1)).toEqual([
      { 'a@0': 12, 'a@0~': 3 },
      { 'a@0': 12, 'a@1~': 3 },
      { 'a@0': 12, 'a@2~': 3 },
    ]);
    expect(trained.c[3]).toEqual({ 'real~': 4, 'a@0~': 2, 'a@1~': 2, 'a@2~': 2 });
    // what stands in for a model that there never was is not operated on
    expect(trained.d.slice(1)).toEqual([{ real: 12 }, { 'a@0~': 1 }, { 'a@1~': 1 }]);
    // asked for in the place of who wrote the set, so that all who read alike share it; the real data's is nobody's
    const operated = asked.filter((step) => step.endsWith('postprocess'));
    expect([...new Set(operated)].sort()).toEqual([
      'g0//postprocess',
      'g0/a/postprocess',
      'g1/a/postprocess',
      'g2/a/postprocess',
    ]);
  });
});
