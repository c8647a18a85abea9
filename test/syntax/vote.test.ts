/** The vote against all trees. */
import { expect, test } from '@jest/globals';
import { CounterRng } from '../../common/philox.js';
import { spanningTree, vote } from '../../syntax/vote.js';

const rng = new CounterRng({ seed: 7, generation: 0, member: '', step: 'vote.test' });

function allTrees(n: number): number[][] {
  const all = Array.from({ length: (n + 1) ** n }, (_, code) =>
    Array.from({ length: n }, (__, i) => Math.floor(code / (n + 1) ** i) % (n + 1)),
  );
  return all.filter((heads) =>
    heads.every((_, i) => {
      let at = i;
      for (let steps = 0; steps <= n && at !== n; steps++) at = heads[at];
      return at === n;
    }),
  );
}

test.each([1, 2, 3, 4, 5])('the spanning tree of %i words has the most points of all', (n) => {
  const trees = allTrees(n);
  expect(trees.length).toBe((n + 1) ** (n - 1)); // Cayley
  for (let round = 0; round < 200; round++) {
    const scores = Float64Array.from({ length: (n + 1) ** 2 }, (_, i) => rng.uniform(i, round * 10 + n));
    const sum = (heads: ArrayLike<number>): number =>
      Array.from(heads).reduce((total, head, i) => total + scores[i * (n + 1) + head], 0);
    const found = spanningTree(scores, n);
    expect(trees.some((heads) => heads.every((head, i) => head === found[i]))).toBe(true);
    expect(sum(found)).toBeCloseTo(Math.max(...trees.map(sum)), 10);
  }
});

const even = { labels: [0, 0, 0], weights: [1, 1, 1] };

test('the majority has it; ballots of which no majority is a tree are made one', () => {
  const [a, b] = [{ ...even, heads: [1, 3, 1] }, { ...even, heads: [1, 3, 0] }]; // prettier-ignore
  expect(vote([a, a, b], 3)).toEqual({ heads: Int32Array.of(1, 3, 1), labels: Int32Array.of(0, 0, 0) });
  // 0 <- 1, 1 <- 0 by majority: a circle
  const found = vote(
    [
      { ...even, heads: [1, 2, 3] },
      { ...even, heads: [1, 3, 1], weights: [1, 0.5, 1] },
      { ...even, heads: [3, 0, 1], weights: [1, 2, 1] },
    ],
    3,
  );
  expect([...found.heads as Int32Array].filter((head) => head === 3)).toHaveLength(1); // prettier-ignore
  expect([...found.heads as Int32Array]).toEqual([3, 0, 1]); // prettier-ignore
});

test('a label is the one that most give it who agree on its head', () => {
  const heads = [1, 3, 1];
  const ballots = [
    { heads, labels: [5, 0, 1], weights: [1, 1, 1] },
    { heads, labels: [6, 0, 2], weights: [3, 1, 1] },
    { heads: [3, 0, 0], labels: [5, 0, 1], weights: [9, 0.1, 0.1] },
  ];
  expect([...(vote([ballots[0], ballots[1]], 3).labels as Int32Array)]).toEqual([6, 0, 1]);
});
