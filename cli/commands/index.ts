/** Every command, in the order of `habsburg --help`. */
import type { CommandModule } from '../main.js';

export const commands: readonly CommandModule[] = [];
