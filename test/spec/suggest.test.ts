import { describe, expect, test } from '@jest/globals';
import { editDistance, nearest } from '../../spec/suggest.js';

describe('did you mean', () => {
  test.each([
    ['kitten', 'sitting', 3],
    ['', 'abc', 3],
    ['ca', 'abc', 3], // optimal string alignment, where full Damerau-Levenshtein gives 2
    ['teh', 'the', 1],
    ['same', 'same', 0],
  ])('distance of %s and %s is %i', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });

  test.each([
    ['learning_rate', ['learningRate', 'minLearningRate'], 'learningRate'],
    ['temp', ['temperature', 'topP'], 'temperature'],
    ['epoch', ['epochs', 'epsilon'], 'epochs'],
    ['qqqqq', ['epochs', 'epsilon'], undefined],
    ['x', [], undefined],
  ])('%s', (word, known, expected) => {
    expect(nearest(word, known)).toBe(expected);
  });
});
