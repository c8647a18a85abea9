/** Every command, in the order of `habsburg --help`. */
import type { CommandModule } from '../main.js';
import { metrics } from './metrics.js';
import { plan } from './plan.js';
import { presets } from './presets.js';
import { validate } from './validate.js';

export const commands: readonly CommandModule[] = [validate, plan, presets, metrics];
