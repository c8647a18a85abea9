/** `habsburg lm convert`: any checkpoint that can be read, as a Hugging Face folder of float32 safetensors. */
import type { Command } from 'commander';
import { saveCheckpoint } from '../../../engine/index.js';
import { copyTokenizer } from '../../../engine/tokenizer/files.js';
import { emptyFolder, loadModel } from './inputs.js';

interface Options {
  readonly model: string;
  readonly out: string;
  readonly merge?: string;
}

export function registerConvert(parent: Command): void {
  parent
    .command('convert')
    .description('write a checkpoint as config.json, float32 model.safetensors and tokenizer.json, as transformers loads it')
    .requiredOption('--model <dir>', 'folder with config.json and weights (safetensors, PyTorch .bin), or a .gguf file')
    .requiredOption('--out <dir>', 'new or empty folder')
    .option('--merge <dir>', 'folder of a PEFT LoRA adapter to merge into the weights')
    .action(run);
}

async function run(options: Options): Promise<void> {
  const model = await loadModel(options.model, options.merge);
  await emptyFolder(options.out);
  await saveCheckpoint(options.out, model, { generationConfig: model.generationConfig });
  await copyTokenizer(options.model, options.out);
  process.stdout.write(`wrote ${options.out} (${model.config.modelType}, ${model.weights.size} tensors)\n`);
}
