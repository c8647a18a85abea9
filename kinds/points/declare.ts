/** The kind of points and flows: how an experiment's file speaks of them, and the plan that it means. */
import { usualMetricNamesOf } from '../../spec/metrics.js';
import { samplePlan } from '../../spec/mixture-schema.js';
import { checkStages, inheritTraining, withOptimizer } from '../../spec/training.js';
import type { Kind } from '../types.js';
import type { AffineFlowPlan, PointDataPlan } from './plan.js';
import { affineFlow, pointData, type AffineFlowDocument, type PointDocument } from './schema.js';
import { pointWords } from './words.js';

const NO_DECAY = { weightDecay: 0 };

export const points: Kind<PointDocument, PointDataPlan, AffineFlowDocument> = {
  name: 'points',
  cost: 'step',
  families: { 'affine-flow': affineFlow },
  stays: ['base'],
  words: pointWords,
  writes: 'points',
  usualMetrics: () => usualMetricNamesOf('points'),
  reads: () => ({ real: 'points', schema: pointData, example: '{dimensions: 2}' }),
  dataPlan: (data) => data,
  checkFile: () => [],
  member: (_file, data) => ({
    records: 'points',
    most: data.records.train,
    plan: memberPlan,
    check: (plan, given) => checkStages(plan as AffineFlowPlan, given),
  }),
};

function memberPlan({ name, family, start, training, generation0, sample, execution }: AffineFlowDocument): AffineFlowPlan {
  return {
    name,
    family,
    base: { kind: 'scratch' },
    start,
    training: withOptimizer(training, NO_DECAY),
    generation0: withOptimizer(inheritTraining(training, generation0), NO_DECAY),
    decoding: {},
    ...(sample === undefined ? {} : { sample: samplePlan(sample) }),
    ...(execution === undefined ? {} : { execution }),
  };
}
