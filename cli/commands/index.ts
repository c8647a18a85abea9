/** Every command, in the order of `habsburg --help`. */
import type { CommandModule } from '../main.js';
import * as dev from './dev.js';
import * as doctor from './doctor.js';
import { lm } from './lm/index.js';
import { metrics } from './metrics.js';
import * as operate from './operate.js';
import { plan } from './plan.js';
import { presets } from './presets.js';
import { report } from './report.js';
import { results } from './results.js';
import * as run from './run.js';
import * as status from './status.js';
import { validate } from './validate.js';
import * as worker from './worker.js';

export const commands: readonly CommandModule[] = [
  run,
  plan,
  validate,
  presets,
  metrics,
  status,
  operate,
  results,
  report,
  dev,
  worker,
  doctor,
  lm,
];
