import { expect, test } from '@jest/globals';
import type { RunPlan, MixedStepMember } from '../../spec/plan.js';
import { expand } from '../../spec/expand.js';
import { scoredOf } from '../../spec/scored.js';
import { SMALL, load } from './support.js';

test('the training set is named where a metric is of it, and else nowhere: what is off changes no input', async () => {
  const scored = async (metrics: string) => {
    const { plan } = await load(`${SMALL}metrics: [${metrics}]\n`);
    const run = expand(plan)[0] as RunPlan;
    return scoredOf(run.members[0] as MixedStepMember, run, { training: 'set', model: 'model' } as never);
  };
  expect(await scored('rep, { name: rep, of: training }')).toMatchObject({
    training: 'set',
    model: 'model',
    metrics: [
      { name: 'rep', settings: { order: 4, of: 'training' } },
      { name: 'rep', settings: { order: 4 } },
    ],
  });
  expect(await scored('rep')).not.toHaveProperty('training');
});
