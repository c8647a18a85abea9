/** `habsburg store`: what takes up a store's disk, whether it holds what it says, what stays in it and what goes. */
import type { CommandModule } from '../../command.js';
import { registerCheck } from './check.js';
import { registerCopy } from './copy.js';
import { registerGc } from './gc.js';
import { registerPins } from './pins.js';
import { registerRemove } from './remove.js';
import { registerUsage } from './usage.js';

export const store: CommandModule = {
  register(program) {
    const command = program.command('store').description('care for an artifact store: usage, check, gc, pins, remove, copy');
    registerUsage(command);
    registerCheck(command);
    registerGc(command);
    registerPins(command);
    registerRemove(command);
    registerCopy(command);
  },
};
