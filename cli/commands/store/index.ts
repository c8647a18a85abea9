/** `habsburg store`: what takes up a store's disk, and whether it holds what it says. */
import type { CommandModule } from '../../command.js';
import { registerCheck } from './check.js';
import { registerUsage } from './usage.js';

export const store: CommandModule = {
  register(program) {
    const command = program.command('store').description('care for an artifact store: usage, check');
    registerUsage(command);
    registerCheck(command);
  },
};
