/** Every command, in the order of `habsburg --help`. */
import type { CommandModule } from '../main.js';
import { report } from './report.js';
import { results } from './results.js';

export const commands: readonly CommandModule[] = [results, report];
