/** Trains the parser: an averaged perceptron with a dynamic oracle, which sees states that its own errors led to (Goldberg & Nivre 2013). */
import type { CounterRng } from '../../common/philox.js';
import { PARSER_FEATURES, stateFeatures, type Seen } from '../features.js';
import { bestMove, type Move } from '../parser.js';
import { LEFT, RIGHT, SHIFT, State, cost } from '../transitions.js';
import { Learner } from './learner.js';

/** Heads with n for the root, and labels by number. */
export interface Example {
  readonly seen: Seen;
  readonly heads: Int32Array;
  readonly labels: Int32Array;
}

export interface ParserTraining {
  readonly epochs: number;
  /** how often the parser's own move is followed, from the second epoch on */
  readonly explore: number;
  readonly patience: number;
  readonly rng: CounterRng;
  readonly onEpoch?: (epoch: number, learner: Learner) => void;
}

/** The moves that occur, shift first. */
export function movesOf(examples: readonly Example[]): Move[] {
  const found = new Set<string>();
  for (const { heads, labels } of examples)
    heads.forEach((head, i) => found.add(`${head > i ? LEFT : RIGHT} ${String(labels[i]).padStart(3)}`));
  const arcs = [...found].sort().map((name) => ({ move: Number(name[0]), label: Number(name.slice(2)) }));
  return [{ move: SHIFT, label: -1 }, ...arcs];
}

export function trainParser(
  examples: readonly Example[],
  moves: readonly Move[],
  root: number,
  training: ParserTraining,
): Learner {
  const { epochs, explore, patience, rng, onEpoch } = training;
  const learner = new Learner(moves.length, patience);
  const scores = new Float64Array(256);
  const features = new Int32Array(PARSER_FEATURES);
  const costs = new Int32Array(3);
  let draws = 0;
  const chance = rng.derive('explore');
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const e of rng.permutation(examples.length, epoch)) {
      const { seen, heads, labels } = examples[e];
      const state = new State(heads.length);
      while (!state.done) {
        const n = stateFeatures(state, seen, features);
        learner.score(features, n, scores);
        const chosen = bestMove(state, moves, scores, root);
        let least = Infinity;
        for (const move of [SHIFT, LEFT, RIGHT]) {
          costs[move] = state.allows(move) ? cost(state, move, heads) : 1e6;
          least = Math.min(least, costs[move]);
        }
        // an arc of the tree with another label is worse than none that is lost
        const top = state.depth > 0 ? state.stack[state.depth - 1] : -1;
        const right = (c: number): boolean => {
          const { move, label } = moves[c];
          if (costs[move] !== least) return false;
          if (move === SHIFT) return true;
          const head = move === LEFT ? state.next : state.stack[state.depth - 2];
          return heads[top] !== head || labels[top] === label;
        };
        let gold = -1;
        const atRoot = state.next === state.words;
        for (let c = 0; c < moves.length; c++) {
          const { move, label } = moves[c];
          if (move !== SHIFT && (label === root) !== (move === LEFT && atRoot)) continue;
          if (right(c) && (gold < 0 || scores[c] > scores[gold])) gold = c;
        }
        if (gold < 0) gold = chosen;
        if (!right(chosen)) {
          learner.change(features, n, gold, 1);
          learner.change(features, n, chosen, -1);
        }
        learner.tick();
        const follow = epoch > 0 && chance.uniform(draws++) < explore ? chosen : gold;
        state.apply(moves[follow].move, moves[follow].label);
      }
    }
    onEpoch?.(epoch, learner);
  }
  return learner;
}
