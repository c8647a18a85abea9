/** Every command, in the order of `habsburg --help`. */
import type { CommandModule } from '../main.js';
import { lm } from './lm/index.js';

export const commands: readonly CommandModule[] = [lm];
