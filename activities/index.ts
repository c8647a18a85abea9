/** The activities of the loop, given what a worker has: a way to open stores and a way to run jobs. */
import { engineActivity } from './engine.js';
import { finetuneActivity } from './finetune.js';
import { generateActivity } from './generate.js';
import { leftActivity } from './left.js';
import { postprocessActivity } from './postprocess.js';
import { prepareActivity } from './prepare.js';
import { recordActivities } from './record.js';
import { sampleActivity } from './sample.js';
import { scoreActivity } from './score.js';
import { simulateActivity } from './simulate.js';
import type { Activities, ActivityDependencies } from './types.js';
import { viewActivity } from './view.js';

export function createActivities(deps: ActivityDependencies): Activities {
  return {
    prepare: prepareActivity(deps),
    sample: sampleActivity(deps),
    view: viewActivity(deps),
    postprocess: postprocessActivity(deps),
    finetune: finetuneActivity(deps),
    generate: generateActivity(deps),
    score: scoreActivity(deps),
    simulate: simulateActivity(deps),
    left: leftActivity(deps),
    chooseEngine: engineActivity(deps),
    ...recordActivities(deps),
  };
}
