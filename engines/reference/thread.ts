/** Its thread. */
import { HabsburgError } from '../../common/errors.js';
import type { FitJob, GenerateJob } from '../../kinds/host/types.js';
import type { LanguageModelPlan } from '../../kinds/text/plan.js';
import { checkJob } from '../capabilities.js';
import { runJob } from '../jobs.js';
import { reference } from './capabilities.js';
import { fit } from './fit.js';
import { generate } from './generate.js';
import { observe } from './observe.js';

await runJob(async (job, io) => {
  checkJob('reference', reference, job);
  switch (job.op) {
    case 'fit':
      return fit(job as FitJob<LanguageModelPlan>, io);
    case 'generate':
      return generate(job as GenerateJob<LanguageModelPlan>, io);
    case 'observe':
      return observe(job);
    case 'simulate':
      throw new HabsburgError('failed', 'internal: chains were not refused');
  }
});
