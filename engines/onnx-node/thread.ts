/** Its thread: the families, the observations, and the chains of cheap families. */
import { familyOf } from '../../kinds/host/index.js';
import { simulate } from '../../kinds/chains/host/simulate.js';
import { observe } from '../../observations/observe.js';
import { runJob } from '../jobs.js';

await runJob(async (job, io) => {
  switch (job.op) {
    case 'simulate':
      return simulate(job, io);
    case 'observe':
      return observe(job, io);
    case 'fit':
      return (await familyOf(job.family)).fit(job, io);
    case 'generate':
      return (await familyOf(job.family)).generate(job, io);
  }
});
