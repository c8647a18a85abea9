/** Points and flows in words. */
import { sampleWords, sampled, startWords, type Words } from '../phrases.js';
import type { AffineFlowPlan, PointDataPlan } from './plan.js';

const truth = ({ dimensions, mean, sigma }: PointDataPlan): string =>
  `points in ${dimensions} ${dimensions === 1 ? 'dimension' : 'dimensions'} (mean ${mean}, σ ${sigma})`;

export const pointWords: Words<AffineFlowPlan, PointDataPlan> = {
  sentence: ({ start, sample }, data) =>
    `Generation 0 fits an affine flow to ${sampled(sample, 'draws')}real ${truth(data!)} by gradient descent. Each later generation starts from ${startWords(start, 'the standard normal')}, trains on what its mixture draws of real and written points, and writes more.`,
  brief: ({ start, sample }) =>
    `an affine flow; starts from ${startWords(start, 'the standard normal')}, writes points${sampleWords(sample)}`,
  data: (data) => ({
    head: `data, ${truth(data)}`,
    splits: (['train', 'valid', 'test'] as const).map((split) => [split, `${data.records[split]} points by seed ${data.seed}`]),
    prepared: 'points',
  }),
};
