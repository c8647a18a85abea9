/** One tree out of several parses: heads are voted for, each vote weighed by how sure its parser was, and the best tree is taken. */

/** A parser's analysis of n words, 0 to n - 1. */
export interface Ballot {
  /** n: the root */
  readonly heads: ArrayLike<number>;
  readonly labels: ArrayLike<number>;
  /** how much each word's head counts, above 0 */
  readonly weights: ArrayLike<number>;
}

/** Heads (n: the root) and labels of n words. */
export interface Elected {
  readonly heads: ArrayLike<number>;
  readonly labels: ArrayLike<number>;
}

/**
 * Every ballot is a tree with one word below the root, and so is the result: among all trees of heads that have votes, the one with the most.
 * A label is the one with the most votes among those for the head.
 */
export function vote(ballots: readonly Ballot[], words: number): Elected {
  const nodes = words + 1;
  const votes = new Float64Array(nodes * nodes); // [word * nodes + head]
  for (const { heads, weights } of ballots) for (let i = 0; i < words; i++) votes[i * nodes + heads[i]] += weights[i];
  const heads = best(votes, words, ballots);
  const labels = new Int32Array(words);
  for (let i = 0; i < words; i++) {
    const counts = new Map<number, number>();
    for (const ballot of ballots)
      if (ballot.heads[i] === heads[i]) counts.set(ballot.labels[i], (counts.get(ballot.labels[i]) ?? 0) + ballot.weights[i]);
    labels[i] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a))[0];
  }
  return { heads, labels };
}

function best(votes: Float64Array, words: number, ballots: readonly Ballot[]): Int32Array {
  const nodes = words + 1;
  const favourite = Int32Array.from({ length: words }, (_, i) => {
    let found = 0;
    for (let h = 1; h < nodes; h++) if (votes[i * nodes + h] > votes[i * nodes + found]) found = h;
    return found;
  });
  if (isTree(favourite, words)) return favourite;
  // rarely: one word below the root at a time, of those that a ballot has there
  let most = -Infinity;
  let elected: Int32Array = favourite;
  for (const top of new Set(ballots.map((ballot) => Array.from({ length: words }, (_, i) => ballot.heads[i]).indexOf(words)))) {
    const scores = votes.map((score, at) => (at % nodes === words && at !== top * nodes + words ? -1e9 : score || -1e6));
    const heads = spanningTree(scores, words);
    let sum = 0;
    heads.forEach((head, i) => void (sum += scores[i * nodes + head]));
    if (sum <= most) continue;
    most = sum;
    elected = heads;
  }
  return elected;
}

/** One word below the root, and all others below it. */
export function isTree(heads: Int32Array, words: number): boolean {
  let tops = 0;
  const seen = new Int32Array(words).fill(-1);
  for (let i = 0; i < words; i++) {
    if (heads[i] === words) tops++;
    for (let at = i; at !== words && (seen[at] === -1 || seen[at] === i); at = heads[at]) {
      if (seen[at] === i) return false;
      seen[at] = i;
    }
  }
  return tops === 1;
}

/** The tree of most points below node `words` (Chu & Liu 1965, Edmonds 1967). @param scores [word * (words + 1) + head] */
export function spanningTree(scores: Float64Array, words: number): Int32Array {
  const nodes = words + 1;
  /** of a graph whose nodes are `live`, with scores of edges in `weight[to][from]`; the last node is the root */
  const solve = (weight: number[][]): number[] => {
    const n = weight.length;
    const heads = Array.from({ length: n - 1 }, (_, to) => {
      let found = to === 0 ? 1 : 0;
      for (let from = 0; from < n; from++) if (from !== to && weight[to][from] > weight[to][found]) found = from;
      return found;
    });
    const cycle = cycleIn(heads, n - 1);
    if (cycle === undefined) return heads;
    const inside = new Set(cycle);
    const outside = Array.from({ length: n }, (_, i) => i).filter((i) => !inside.has(i)); // the root last
    const one = outside.length - 1; // the cycle as a node, before the root
    const names = [...outside.slice(0, -1), -1, outside.at(-1)!];
    const entered: number[] = []; // by node outside: where it enters the cycle
    const left: number[] = []; // by node outside: whom in the cycle it hangs below
    const smaller = names.map((to, t) =>
      names.map((from, f) => {
        if (t === f) return -Infinity;
        if (to === -1) {
          let found = cycle[0];
          const gain = (c: number): number => weight[c][from] - weight[c][heads[c]];
          for (const c of cycle) if (gain(c) > gain(found)) found = c;
          entered[from] = found;
          return gain(found);
        }
        if (from === -1) {
          let found = cycle[0];
          for (const c of cycle) if (weight[to][c] > weight[to][found]) found = c;
          left[to] = found;
          return weight[to][found];
        }
        return weight[to][from];
      }),
    );
    const solved = solve(smaller);
    solved.forEach((from, t) => {
      const to = names[t];
      if (to !== -1) heads[to] = names[from] === -1 ? left[to] : names[from];
    });
    const into = names[solved[one]];
    heads[entered[into]] = into;
    return heads;
  };
  const weight = Array.from({ length: nodes }, (_, to) =>
    Array.from({ length: nodes }, (_, from) => (to === words || to === from ? -Infinity : scores[to * nodes + from])),
  );
  return Int32Array.from(solve(weight));
}

function cycleIn(heads: readonly number[], root: number): number[] | undefined {
  const seen = new Int32Array(root).fill(-1);
  for (let i = 0; i < root; i++) {
    let at = i;
    while (at !== root && seen[at] === -1) {
      seen[at] = i;
      at = heads[at];
    }
    if (at === root || seen[at] !== i) continue;
    const cycle = [at];
    for (let next = heads[at]; next !== at; next = heads[next]) cycle.push(next);
    return cycle;
  }
  return undefined;
}
