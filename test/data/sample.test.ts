import { describe, expect, test } from '@jest/globals';
import { CounterRng } from '../../common/philox.js';
import { postprocess } from '../../data/postprocess.js';
import type { DataRecord } from '../../data/records.js';
import { drawTrainingSet } from '../../data/sample.js';
import type { MixturePlan } from '../../spec/plan.js';
import { failure } from '../artifacts/object-store-contract.js';

const sources = [{ from: 'self', generation: 'previous', weight: 1 }] as const;
const keep = (share: number): MixturePlan => ({ kind: 'keep-share', share, sources });
const replace: MixturePlan = { kind: 'replace', sources };
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
const rng = (generation: number, seed = 1) => new CounterRng({ seed, generation, member: 'opt', step: 'sample' });

describe('mixture', () => {
  test('generation 0 trains on the real records, replace on the written ones', () => {
    expect(drawTrainingSet({ mixture: keep(0.1), real: real(5), rng: rng(0) })).toEqual(real(5));
    expect(drawTrainingSet({ mixture: replace, real: real(5), previous: written(5), rng: rng(1) })).toEqual(written(5));
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
    const drawn = drawTrainingSet({ mixture: keep(share), real: real(3000), previous: written(3000), rng: rng(1) });
    expect(drawn).toHaveLength(3000);
    drawn.forEach((record, i) => expect(record.id).toBe(`${record.origin.kind === 'real' ? 'real' : 'g1/opt'}/${pad(i)}`));
    expect(drawn.filter((r) => r.origin.kind === 'real')).toHaveLength(count);
  });

  test('the share is redrawn each generation and seed, and the same draw comes again', () => {
    const kept = (generation: number, seed = 1) =>
      drawTrainingSet({ mixture: keep(0.1), real: real(3000), previous: written(3000), rng: rng(generation, seed) }).flatMap(
        (r, i) => (r.origin.kind === 'real' ? [i] : []),
      );
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
      drawTrainingSet({ mixture: keep(0.25), real: real(20), previous: written(20), rng: rng(t) }).forEach(
        (r, i) => (counts[i] += r.origin.kind === 'real' ? 1 : 0),
      );
    }
    // without replacement the counts' covariance shrinks chi-square by (n-1)/n x (1 - share) … compare the scaled statistic with 19 degrees
    const chi2 = counts.reduce((s, n) => s + (n - 500) ** 2 / (500 * 0.75), 0) * (19 / 20);
    expect(chi2).toBeLessThan(43.82);
  });

  test('where empty records were dropped, positions come from the ids', () => {
    const previous = written(10).filter((_, i) => i % 3 !== 0);
    const drawn = drawTrainingSet({ mixture: keep(0.5), real: real(10), previous, rng: rng(1) });
    expect(drawn.filter((r) => r.origin.kind === 'real')).toHaveLength(3);
    drawn.forEach((record, i) => expect(record.id.slice(-6)).toBe(previous[i].id.slice(-6)));
  });

  test('a position that no real record has is a bug that is named', async () => {
    expect(
      (await failure((async () => drawTrainingSet({ mixture: keep(1), real: real(2), previous: written(3), rng: rng(1) }))()))
        .message,
    ).toContain('g1/opt/000002');
  });
});

describe('postprocess', () => {
  test('keeps exactly the new tokens, recomputes the text, drops and counts what is empty', () => {
    const [a, b, c] = written(3);
    const result = postprocess(
      [
        { record: { ...a, tokens: [1, 2, 3, 4], text: 'stale' }, promptTokens: 2 },
        { record: { ...b, tokens: [5, 6], text: 'stale' }, promptTokens: 2 },
        { record: { ...c, tokens: [7], text: 'stale' }, promptTokens: 0 },
      ],
      (tokens) => tokens.join('+'),
    );
    expect(result).toEqual({
      records: [
        { ...a, tokens: [3, 4], text: '3+4' },
        { ...c, tokens: [7], text: '7' },
      ],
      empty: 1,
    });
  });
});
