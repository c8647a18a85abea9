/** `habsburg keys`: what this place signs with, what a store was signed with, and who is believed no more. */
import type { CommandModule } from '../../command.js';
import { registerGenerate } from './generate.js';
import { registerList } from './list.js';
import { registerPolicy } from './policy.js';
import { registerRevoke } from './revoke.js';
import { registerRotate } from './rotate.js';

export const keys: CommandModule = {
  register(program) {
    const command = program.command('keys').description('signing keys: generate, list, rotate, revoke, policy');
    for (const register of [registerGenerate, registerList, registerRotate, registerRevoke, registerPolicy]) register(command);
  },
};
