/** A greedy transition-based dependency parser: each move is the one with the most points. */
import { PARSER_FEATURES, stateFeatures, type Seen } from './features.js';
import type { Scorer } from './scorer.js';
import { LEFT, RIGHT, SHIFT, State } from './transitions.js';

/** A class of the model: a move and the label that it gives. */
export interface Move {
  readonly move: number;
  /** -1 of a shift */
  readonly label: number;
}

const scores = new Float64Array(256);
const features = new Int32Array(PARSER_FEATURES);

/** The allowed class with the most points; only the root's dependents are labelled `root`. */
export function bestMove(state: State, moves: readonly Move[], points: Float64Array, root: number): number {
  const allowed = [state.allows(SHIFT), state.allows(LEFT), state.allows(RIGHT)];
  const atRoot = state.next === state.words;
  let found = -1;
  for (let c = 0; c < moves.length; c++) {
    const { move, label } = moves[c];
    if (!allowed[move] || (move !== SHIFT && (label === root) !== (move === LEFT && atRoot))) continue;
    if (found < 0 || points[c] > points[found]) found = c;
  }
  return found;
}

/** A finished analysis, and of each word by how many points its arc was better than any other kind of move. */
export interface Analysis {
  /** n: the root */
  readonly heads: Int32Array;
  readonly labels: Int32Array;
  readonly margins: Float64Array;
}

/** 0 where there was no choice. */
function marginOf(state: State, moves: readonly Move[], points: Float64Array, chosen: number): number {
  const { move } = moves[chosen];
  const others = [SHIFT, LEFT, RIGHT].map((other) => other !== move && state.allows(other));
  let most = -Infinity;
  for (let c = 0; c < moves.length; c++) if (others[moves[c].move] && points[c] > most) most = points[c];
  return most === -Infinity ? 0 : Math.max(0, points[chosen] - most);
}

export function parseGreedily(sentence: Seen, words: number, scorer: Scorer, moves: readonly Move[], root: number): Analysis {
  const state = new State(words);
  const margins = new Float64Array(words);
  while (!state.done) {
    scorer.score(features, stateFeatures(state, sentence, features), scores);
    const chosen = bestMove(state, moves, scores, root);
    const { move, label } = moves[chosen];
    if (move !== SHIFT) margins[state.stack[state.depth - 1]] = marginOf(state, moves, scores, chosen);
    state.apply(move, label);
  }
  return { heads: state.heads.subarray(0, words), labels: state.labels.subarray(0, words), margins };
}
