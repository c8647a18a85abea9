/** What generation 0 inherits of `training`. */
import { expect, test } from '@jest/globals';
import { inheritTraining } from '../../spec/training.js';

test('what is not said is inherited, also where it is said to be nothing; another optimiser brings its own settings', () => {
  const training = { epochs: 3, optimizer: 'sgd', momentum: 0.9 } as const;
  expect(inheritTraining(training, { epochs: undefined })).toEqual(training);
  expect(inheritTraining<{ epochs: number; optimizer?: 'sgd' | 'adamw'; momentum?: number }>(training, { epochs: 1, optimizer: 'adamw' })).toEqual({ epochs: 1, optimizer: 'adamw' }); // prettier-ignore
});
