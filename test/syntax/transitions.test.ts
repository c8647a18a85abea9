/** The oracle against every way that a short sentence can end. */
import { expect, test } from '@jest/globals';
import { LEFT, RIGHT, SHIFT, State, cost } from '../../syntax/transitions.js';

const MOVES = [SHIFT, LEFT, RIGHT];

function replayed(words: number, moves: readonly number[]): State {
  const state = new State(words);
  for (const move of moves) state.apply(move, 0);
  return state;
}

/** Fewest arcs of `gold` that are missing in the end, whatever follows; -1: nothing can. */
function fewestMissing(words: number, moves: readonly number[], gold: Int32Array): number {
  const state = replayed(words, moves);
  if (state.done) return gold.reduce((sum, head, i) => sum + (state.heads[i] === head ? 0 : 1), 0);
  const ways = MOVES.filter((move) => state.allows(move)).map((move) => fewestMissing(words, [...moves, move], gold));
  return Math.min(...ways);
}

/** All trees of n words with one word below the root, n. */
function treesOf(n: number): Int32Array[] {
  const all: Int32Array[] = [];
  const heads = new Int32Array(n);
  const reaches = (i: number): boolean => {
    for (let at = i, steps = 0; steps <= n; steps++, at = heads[at]) if (at === n) return true;
    return false;
  };
  const fill = (i: number): void => {
    if (i === n) {
      if (heads.every((_, k) => reaches(k)) && heads.filter((head) => head === n).length === 1) all.push(heads.slice());
      return;
    }
    for (let head = 0; head <= n; head++) {
      if (head === i) continue;
      heads[i] = head;
      fill(i + 1);
    }
  };
  fill(0);
  return all;
}

function crosses(heads: Int32Array): boolean {
  const arcs = Array.from(heads, (head, i) => [Math.min(head, i), Math.max(head, i)]);
  return arcs.some(([a, b]) => arcs.some(([c, d]) => a < c && c < b && b < d));
}

test('of every tree of up to four words that does not cross: a move costs nothing where the tree stays in reach, and nowhere else', () => {
  let seen = 0;
  for (const words of [1, 2, 3, 4]) {
    for (const gold of treesOf(words).filter((heads) => !crosses(heads))) {
      const walk = (moves: readonly number[]): void => {
        const state = replayed(words, moves);
        if (state.done) return expect([...state.heads.slice(0, words)]).toEqual([...gold]);
        const allowed = MOVES.filter((move) => state.allows(move));
        const free = allowed.filter((move) => cost(state, move, gold) === 0);
        expect(free.length).toBeGreaterThan(0);
        for (const move of allowed) {
          const missing = fewestMissing(words, [...moves, move], gold);
          expect([words, [...gold], moves, move, missing === 0]).toEqual([words, [...gold], moves, move, free.includes(move)]);
          seen++;
        }
        for (const move of free) walk([...moves, move]);
      };
      walk([]);
    }
  }
  expect(seen).toBeGreaterThan(400);
});

test('where a tree is out of reach, a move costs what it loses of the arcs that are left', () => {
  const state = new State(4);
  const gold = Int32Array.of(1, 4, 1, 2);
  state.apply(SHIFT, 0);
  state.apply(SHIFT, 0); // 0 is no longer to be had by 1
  expect([SHIFT, LEFT, RIGHT].map((move) => cost(state, move, gold))).toEqual([0, 2, 2]);
});
