/** The kind of images and autoencoders: how an experiment's file speaks of them, and the plan that it means. */
import { usualMetricNamesOf } from '../../spec/metrics.js';
import { samplePlan } from '../../spec/mixture-schema.js';
import type { Problem } from '../../spec/problems.js';
import { checkStages, inheritTraining, withOptimizer } from '../../spec/training.js';
import type { Kind } from '../types.js';
import type { ImageDataPlan, VaePlan } from './plan.js';
import { imageData, vae, type ImageDocument, type VaeDocument } from './schema.js';
import { imageWords } from './words.js';

/** Held out for validation, and for tests, where the file gives neither a file nor a share. */
const SHARE = 0.1;
const NO_DECAY = { weightDecay: 0 };

export const images: Kind<ImageDocument, ImageDataPlan, VaeDocument> = {
  name: 'images',
  cost: 'step',
  families: { vae },
  stays: ['base'],
  words: imageWords,
  writes: 'images',
  usualMetrics: () => usualMetricNamesOf('images'),
  reads: () => ({ real: 'images', schema: imageData, example: '{train: file:PATH}' }),
  dataPlan,
  checkFile: (_file, data, at) => checkImages(data!).map((problem) => ({ ...problem, path: [...at, ...problem.path] })),
  member: (_file, data) => ({
    records: 'images',
    most: data.limit.train,
    plan: memberPlan,
    check: (plan, given) => checkStages(plan as VaePlan, given),
  }),
};

function dataPlan({ train, valid, test, heldOut, limit }: ImageDocument): ImageDataPlan {
  return {
    train,
    ...(valid === undefined ? {} : { valid }),
    ...(test === undefined ? {} : { test }),
    heldOut: {
      valid: valid === undefined ? (heldOut.valid ?? SHARE) : 0,
      test: test === undefined ? (heldOut.test ?? SHARE) : 0,
    },
    limit,
  };
}

function memberPlan(member: VaeDocument): VaePlan {
  const { generation0, training, sample, mixture: _, execution, ...rest } = member;
  return {
    ...rest,
    training: withOptimizer(training, NO_DECAY),
    generation0: withOptimizer(inheritTraining(training, generation0), NO_DECAY),
    ...(sample === undefined ? {} : { sample: samplePlan(sample) }),
    ...(execution === undefined ? {} : { execution }),
  };
}

/** @returns problems with paths inside the data */
function checkImages(data: ImageDocument): Problem[] {
  const problems: Problem[] = [];
  for (const split of ['valid', 'test'] as const) {
    if (data[split] !== undefined && data.heldOut[split] !== undefined) {
      problems.push({
        path: ['heldOut', split],
        atKey: true,
        message: `"${split}" has no effect, because data.${split} is a file`,
        suggestion: 'remove one of the two',
      });
    }
  }
  const { valid = SHARE, test = SHARE } = data.heldOut;
  const sum = (data.valid === undefined ? valid : 0) + (data.test === undefined ? test : 0);
  if (sum >= 1)
    problems.push({
      path: ['heldOut'],
      message: `holds out ${Number((100 * sum).toPrecision(4))} % of the images, so that none are left to train on`,
      suggestion: 'use smaller shares',
    });
  return problems;
}
