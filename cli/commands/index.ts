/** Every command, in the order of `habsburg --help`. */
import type { CommandModule } from '../command.js';
import { cancel } from './cancel.js';
import { collapse } from './collapse.js';
import { compare } from './compare.js';
import { dev } from './dev.js';
import { doctor } from './doctor.js';
import { forecast } from './forecast.js';
import { fork } from './fork.js';
import { keys } from './keys/index.js';
import { lineage } from './lineage/index.js';
import { lm } from './lm/index.js';
import { metrics } from './metrics.js';
import { operate } from './operate.js';
import { plan } from './plan.js';
import { pool } from './pool.js';
import { presets } from './presets.js';
import { report } from './report.js';
import { results } from './results.js';
import { run } from './run.js';
import { score } from './score.js';
import { status } from './status.js';
import { store } from './store/index.js';
import { validate } from './validate.js';
import { worker } from './worker.js';

export const commands: readonly CommandModule[] = [
  run,
  fork,
  plan,
  validate,
  presets,
  metrics,
  status,
  operate,
  cancel,
  score,
  results,
  compare,
  collapse,
  pool,
  forecast,
  report,
  lineage,
  store,
  keys,
  dev,
  worker,
  doctor,
  lm,
];
