/** Every command, in the order of `habsburg --help`. */
import type { CommandModule } from '../main.js';
import { metrics } from './metrics.js';
import { plan } from './plan.js';
import { presets } from './presets.js';
import { report } from './report.js';
import { results } from './results.js';
import { validate } from './validate.js';

export const commands: readonly CommandModule[] = [validate, plan, presets, metrics, results, report];
