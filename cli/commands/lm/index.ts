/** `habsburg lm`: the engine by itself, to check it against other implementations. */
import type { CommandModule } from '../../main.js';
import { registerGenerate } from './generate.js';
import { registerPerplexity } from './perplexity.js';

export const lm: CommandModule = {
  register(program) {
    const command = program.command('lm').description('run a language model from a Hugging Face folder: perplexity, generate');
    registerPerplexity(command);
    registerGenerate(command);
  },
};
