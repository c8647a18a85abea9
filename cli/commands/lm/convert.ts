/** `habsburg lm convert`: any checkpoint that can be read, as a Hugging Face folder of float32 safetensors. */
import type { Command } from 'commander';
import { saveCheckpoint } from '../../../engine/index.js';
import { copyTokenizer } from '../../../engine/tokenizer/files.js';
import type { Precision } from '../../../engine/checkpoint/precision.js';
import { quantizeCheckpoint } from '../../../engine/checkpoint/quantize.js';
import { HabsburgError } from '../../../common/errors.js';
import { emptyFolder, loadModel, quantizeOption } from './inputs.js';

interface Options {
  readonly model: string;
  readonly out: string;
  readonly merge?: string;
  readonly quantize?: Precision;
}

export function registerConvert(parent: Command): void {
  parent
    .command('convert')
    .description('write a checkpoint as config.json, float32 model.safetensors and tokenizer.json, as transformers loads it')
    .requiredOption('--model <dir>', 'folder with config.json and weights (safetensors, PyTorch .bin), or a .gguf file')
    .requiredOption('--out <dir>', 'new or empty folder')
    .option('--merge <dir>', 'folder of a PEFT LoRA adapter to merge into the weights')
    .addOption(quantizeOption('keep the matrices in fewer bits; such a folder is for habsburg alone'))
    .action(run);
}

async function run(options: Options): Promise<void> {
  if (options.quantize !== undefined) return quantize(options, options.quantize);
  const model = await loadModel(options.model, { adapter: options.merge });
  await emptyFolder(options.out);
  await saveCheckpoint(options.out, model);
  await copyTokenizer(options.model, options.out);
  process.stdout.write(`wrote ${options.out} (${model.config.modelType}, ${model.weights.size} tensors)\n`);
}

async function quantize({ model, out, merge }: Options, precision: Precision): Promise<void> {
  if (merge !== undefined)
    throw new HabsburgError('invalid', 'give only one of --merge and --quantize; merge first, then quantise what was written');
  await emptyFolder(out);
  await quantizeCheckpoint(model, out, precision);
  await copyTokenizer(model, out);
  process.stdout.write(`wrote ${out} (${precision})\n`);
}
