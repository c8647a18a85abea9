/** The tokens that transformers 5.17's EpsilonLogitsWarper leaves of two rows of logits. */
import { expect, test } from '@jest/globals';
import { epsilonCutoff } from '../../../engine/generate/warpers/epsilon-cutoff.js';

const ROWS = [
  [0.3, 2.1, -1.5, 0.9, 2.0999, -0.2, 1.4, 0],
  [5, 0, -1, -2, 4, -3, 0.5, -0.5],
];

test.each([
  [0.05, 1, [0, 1, 3, 4, 6], [0, 4]],
  [0.1, 1, [1, 4, 6], [0, 4]],
  [0.2, 1, [1, 4], [0, 4]],
  [0.3, 3, [1, 4, 6], [0, 4, 6]],
  [0.9, 1, [1], [0]],
  [0.9, 2, [1, 4], [0, 4]],
])('epsilon %d, at least %d tokens', (epsilon, minTokensToKeep, ...expected) => {
  const warp = epsilonCutoff.make(epsilon, { endTokens: [], minTokensToKeep });
  const left = ROWS.map((row) => {
    const scores = Float32Array.from(row);
    warp(scores, { tokens: new Int32Array(), length: 0, promptLength: 0 });
    scores.forEach((score, i) => expect(score === -Infinity || score === Math.fround(row[i])).toBe(true));
    return [...scores.keys()].filter((i) => scores[i] > -Infinity);
  });
  expect(left).toEqual(expected);
});
