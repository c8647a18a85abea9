/** `habsburg lm`: the engine by itself, on any local checkpoint and text. */
import type { CommandModule } from '../../command.js';
import { registerConvert } from './convert.js';
import { registerFinetune } from './finetune.js';
import { registerGenerate } from './generate.js';
import { registerPerplexity } from './perplexity.js';

export const lm: CommandModule = {
  register(program) {
    const command = program
      .command('lm')
      .description('use language models without an experiment: perplexity, generate, finetune, convert');
    registerPerplexity(command);
    registerGenerate(command);
    registerFinetune(command);
    registerConvert(command);
  },
};
