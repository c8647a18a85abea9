/** Weisfeiler-Lehman kernels and D_syn against GraKeL 0.1.11 (golden/wl.json.gz), against trees by hand, and against the definition. */
import { describe, expect, test } from '@jest/globals';
import { dSynGuo, dSynStein } from '../../evaluations/d-syn.js';
import { dissimilarity, rowSpread } from '../../evaluations/syntactic-diversity.js';
import { defaultsOf, type EvaluationInput } from '../../evaluations/types.js';
import { kernelRows, kernelSums, rowDistances, type KernelRows, type Tree } from '../../evaluations/weisfeiler-lehman.js';
import { parseConllu, writeConllu } from '../../syntax/conllu.js';
import { expectEqual, golden, goldenFile } from './reference.js';

interface Wl {
  kernels: Record<
    string,
    {
      label: 'upos' | 'xpos';
      h: number;
      K?: number[][];
      stein: { D_p: number; D_c: number; row_mean_distance?: number[]; centroid_distance?: number[] };
      guo: { mean: number; jackknife_margin95: number };
    }
  >;
  hand_trees: { labels: Record<string, string>; edges_word_head: [number, number][] }[];
  hand_K: Record<string, number[][]>;
}
const wl = golden<Wl>('wl');
const sentences = [...parseConllu(goldenFile('wl.conllu'), 'wl.conllu')];
const trees = (label: 'upos' | 'xpos'): Tree[] => sentences.map((one) => ({ labels: one[label], heads: one.heads }));

/** The whole kernel matrix, normalised. */
function kernelOf({ trees: n, offsets, features, values, own }: KernelRows): number[][] {
  const rows = Array.from({ length: n }, (_, i) => {
    const row = new Map<number, number>();
    for (let e = offsets[i]; e < offsets[i + 1]; e++) row.set(features[e], values[e]);
    return row;
  });
  return rows.map((a, i) => rows.map((b, j) => [...a].reduce((sum, [f, v]) => sum + v * (b.get(f) ?? 0), i === j ? own[i] : 0)));
}

describe.each(Object.entries(wl.kernels))('%s', (_, { label, h, K, stein, guo }) => {
  test('the kernel', () => {
    if (K === undefined) return;
    const found = kernelOf(kernelRows(trees(label), h));
    K.forEach((row, i) => row.forEach((k, j) => expectEqual(`${i} ${j}`, found[i][j], k / Math.sqrt(K[i][i] * K[j][j]))));
  });

  test('D_syn of Stein, and of each sentence', () => {
    const spread = rowSpread(trees(label), h);
    expectEqual('pairs', spread.pairs, stein.D_p);
    expectEqual('centroid', spread.centroid, stein.D_c);
    const { mean, centroid } = rowDistances(kernelRows(trees(label), h));
    stein.row_mean_distance?.forEach((value, i) => expectEqual(`row ${i}`, mean[i], value));
    stein.centroid_distance?.forEach((value, i) => expectEqual(`centroid ${i}`, centroid[i], value));
  });

  test('D_syn of Guo, and the jackknife', () => {
    const { mean, margin95 } = dissimilarity(trees(label), h);
    expectEqual('mean', mean, guo.mean);
    expectEqual('margin', margin95, guo.jackknife_margin95);
  });
});

test.each(Object.entries(wl.hand_K))('trees by hand, depth %s', (depth, expected) => {
  const byHand = wl.hand_trees.map(({ labels, edges_word_head }) => ({
    labels: edges_word_head.map(([word]) => labels[word]),
    heads: edges_word_head.map(([, head]) => head),
  }));
  const found = kernelOf(kernelRows(byHand, Number(depth)));
  expected.forEach((row, i) =>
    row.forEach((k, j) => expectEqual(`${i} ${j}`, found[i][j], k / Math.sqrt(expected[i][i] * expected[j][j]))),
  );
});

test('distances are those of the matrix’s rows, for any number of trees', () => {
  for (const n of [1, 2, 7, 8, 9, 17, 60]) {
    const rows = kernelRows(trees('xpos').slice(0, n), 1);
    const K = kernelOf(rows);
    const { mean } = rowDistances(rows);
    K.forEach((a, i) =>
      expectEqual(`${n} ${i}`, mean[i], K.reduce((sum, b) => sum + Math.hypot(...a.map((x, k) => x - b[k])), 0) / n),
    );
    kernelSums(rows).forEach((sum, i) =>
      expectEqual(
        `sum ${i}`,
        sum,
        K[i].reduce((a, b) => a + b, 0),
      ),
    );
  }
});

test('equal trees lie at no distance', () => {
  const [tree] = trees('xpos');
  expect(rowSpread([tree, tree, tree], 1)).toEqual({ pairs: 0, centroid: 0 });
  expect(dissimilarity([tree, tree, tree], 2).mean).toBeCloseTo(0, 14);
});

const parsed = (texts: readonly string[]): EvaluationInput => ({
  records: {},
  tables: { 'syntax/generated/self': { columns: {}, texts: { conllu: texts } } },
});

test('of parses a text, the first so many sentences of all', () => {
  const texts = [sentences.slice(0, 20), [], sentences.slice(20)].map((some) => some.map(writeConllu).join(''));
  const [pairs, centroid] = dSynStein.compute(parsed(texts), defaultsOf(dSynStein));
  expectEqual('stein', pairs.value, wl.kernels['xpos/h1/undirected'].stein.D_p);
  expectEqual('centroid', centroid.value, wl.kernels['xpos/h1/undirected'].stein.D_c);
  expect([pairs.variant, centroid.variant, pairs.n]).toEqual(['stein', 'stein/centroid', sentences.length]);
  const [mean, margin] = dSynGuo.compute(parsed(texts), defaultsOf(dSynGuo));
  expectEqual('guo', mean.value, wl.kernels['upos/h2/undirected'].guo.mean);
  expect([mean.variant, margin.variant]).toEqual(['guo', 'guo/margin95']);
  const few = dSynGuo.compute(parsed(texts), { sentences: 25 })[0];
  expect([few.n, few.value]).toEqual([25, dissimilarity(trees('upos').slice(0, 25), 2).mean]);
});

test('is not defined on fewer sentences than it compares', () => {
  const one = writeConllu(sentences[0]);
  expect([dSynStein.compute(parsed(['', one]), { sentences: 0 }), dSynGuo.compute(parsed([one, one]), { sentences: 0 })]).toEqual([[], []]); // prettier-ignore
});

test('a word with a hundred thousand dependents, and a chain as long', () => {
  const n = 100_000;
  const labels = Array.from({ length: n }, (_, i) => `t${i % 7}`);
  const star = { labels, heads: Int32Array.from({ length: n }, (_, i) => (i === 0 ? 0 : 1)) };
  const chain = { labels, heads: Int32Array.from({ length: n }, (_, i) => i) };
  expect(rowSpread([star, chain], 1).pairs).toBeGreaterThan(0);
});
