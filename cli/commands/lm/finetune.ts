/** `habsburg lm finetune`: trains a checkpoint, or a LoRA adapter beside it, on a text, rows of token ids or records of instructions. */
import type { Command } from 'commander';
import type { Precision } from '../../../engine/checkpoint/precision.js';
import { HabsburgError } from '../../../common/errors.js';
import { CounterRng } from '../../../common/philox.js';
import { saveCheckpoint, type Checkpoint } from '../../../engine/index.js';
import { architectureOf } from '../../../engine/models/index.js';
import { ALL_LINEAR } from '../../../engine/adapters/lora.js';
import { saveAdapter } from '../../../engine/checkpoint/peft.js';
import { copyTokenizer } from '../../../engine/tokenizer/files.js';
import { fit } from '../../../engine/train/fit.js';
import type { LoopProgress } from '../../../engine/train/loop.js';
import type { OptimizerPlan } from '../../../engine/train/optimizers/index.js';
import type { Device } from '../../../engine/devices.js';
import type { LoraPlan } from '../../../engine/adapters/settings.js';
import type { TrainingPlan } from '../../../kinds/text/plan.js';
import { printJson } from '../../output.js';
import { control } from '../../terminal.js';
import {
  deviceOption,
  emptyFolder,
  exactlyOne,
  integer,
  loadModel,
  quantizeOption,
  real,
  textBlocks,
  threadsOption,
  tidy,
} from './inputs.js';
import { addOptimizerOptions, optimizerOf, type OptimizerOptions } from './optimizer.js';
import { addRecordOptions, checkRecordOptions, recordRows, type LabelledRows, type RecordOptions } from './records.js';
import { readLabelledTokens } from './token-rows.js';

interface Options extends RecordOptions, OptimizerOptions {
  readonly model: string;
  readonly text?: string;
  readonly tokens?: string;
  readonly records?: string;
  readonly validationText?: string;
  readonly validationTokens?: string;
  readonly validationRecords?: string;
  readonly packing?: boolean;
  readonly blockSize?: number;
  readonly out: string;
  readonly quantize?: Precision;
  readonly loraR?: number;
  readonly loraAlpha?: number;
  readonly loraDropout?: number;
  readonly loraTargets?: string[];
  readonly numTrainEpochs?: number;
  readonly maxSteps?: number;
  readonly perDeviceTrainBatchSize: number;
  readonly gradientAccumulationSteps: number;
  readonly learningRate: number;
  readonly lrSchedulerType: TrainingPlan['schedule'];
  readonly warmupRatio?: number;
  readonly warmupSteps?: number;
  readonly evalSteps?: number;
  readonly maxGradNorm: number;
  readonly dropout: number;
  readonly gradientCheckpointing?: boolean;
  readonly loadBestModelAtEnd?: boolean;
  readonly earlyStoppingPatience?: number;
  readonly seed: number;
  readonly threads: number;
  readonly device: Device;
  readonly json?: boolean;
}

const share = real((x) => x >= 0 && x < 1, 'from 0, below 1');
const positive = real((x) => x > 0, 'above 0');
const natural = real((x) => x >= 0, 'of at least 0');

export function registerFinetune(parent: Command): void {
  const command = parent
    .command('finetune')
    .description(
      'train a checkpoint on a text, in blocks of tokens, on rows of token ids, or on records of instructions; with --lora-r a LoRA adapter in the format of PEFT. ' +
        "Names and defaults are transformers' and PEFT's.",
    )
    .requiredOption('--model <dir>', 'folder with config.json and weights, or a .gguf file')
    .option('--text <file>', 'UTF-8 text, cut into blocks, the rest of the last one dropped; needs a tokenizer beside the model')
    .option(
      '--tokens <file>',
      'JSON array of arrays of token ids, one a row, or of {"input_ids", "labels"}: -100 is not predicted',
    )
    .option('--records <file>', 'records, a JSON object with fields a line; --template makes rows of them')
    .option('--validation-text <file>', 'measures the loss after every epoch')
    .option('--validation-tokens <file>', 'the same on rows of token ids')
    .option('--validation-records <file>', 'the same on records')
    .option('--block, --block-size <n>', "tokens a block of a text (default: 1024, or the model's longest)", integer(2))
    .requiredOption('--out <dir>', 'new or empty folder for the model or adapter');
  addRecordOptions(command)
    .option('--packing', 'records one after the other in rows of --max-length, cut where a row is full; else one a row')
    .option('--lora-r <n>', 'train a LoRA adapter of this rank, and no other weights', integer(1, 4096))
    .option('--lora-alpha <x>', 'the adapter is scaled by alpha / rank (default: 8)', positive)
    .addOption(quantizeOption('keep the frozen matrices in fewer bits, quantised while loading; LoRA only'))
    .option('--lora-dropout <x>', "share of the adapter's inputs dropped while training (default: 0)", share)
    .option(
      '--lora-targets <names>',
      `linear modules by their last name, comma-separated, or ${ALL_LINEAR} (default: q_proj,v_proj; GPT-2: c_attn)`,
      (text) => text.split(',').map((name) => name.trim()),
    )
    .option('--epochs, --num-train-epochs <n>', 'passes over the rows (default: 3)', integer(0))
    .option('--max-steps <n>', 'so many optimiser steps in place of epochs', integer(1))
    .option('--batch, --per-device-train-batch-size <n>', 'rows of one forward pass', integer(1), 8)
    .option('--accumulation, --gradient-accumulation-steps <n>', 'forward passes of one optimiser step', integer(1), 1)
    .option('--learning-rate <x>', "the optimiser's peak rate", positive, 5e-5)
    .option('--lr-scheduler-type <name>', 'linear, cosine or constant', schedule, 'linear')
    .option('--warmup-ratio <x>', 'linear warm-up, as a share of all steps (default: 0)', share)
    .option('--warmup-steps <n>', 'linear warm-up over so many steps', integer(1));
  addOptimizerOptions(command)
    .option('--max-grad-norm <x>', 'largest global gradient norm; 0: no clipping', natural, 1)
    .option('--dropout <x>', "share of each layer's outputs dropped while training; the model's config is not asked", share, 0)
    .option('--gradient-checkpointing', 'keep only what enters each layer and compute the rest again: less memory, more time')
    .option('--eval-steps <n>', 'validate after every so many steps, not after every epoch', integer(1))
    .option('--load-best-model-at-end', 'keep the epoch (or --eval-steps) with the lowest validation loss, not the last')
    .option(
      '--patience, --early-stopping-patience <n>',
      'stop after so many epochs in a row without a lower validation loss',
      integer(1),
    )
    .option('--seed <n>', 'order of rows, dropout, start of an adapter', integer(0), 0)
    .addOption(threadsOption())
    .addOption(deviceOption())
    .option('--json', '{steps, selected_epoch, epochs: [{epoch, train_loss, validation_loss}], trained_parameters, parameters}')
    .action(tidy(run));
}

function schedule(text: string): TrainingPlan['schedule'] {
  const known = ['linear', 'cosine', 'constant'] as const;
  const found = known.find((name) => name === text);
  if (found === undefined) throw new HabsburgError('invalid', `--lr-scheduler-type ${text}: give ${known.join(', ')}`);
  return found;
}

async function run(options: Options): Promise<void> {
  exactlyOne({ ...options }, { text: '--text', tokens: '--tokens', records: '--records' });
  checkCombinations(options);
  const optimizer = optimizerOf(options);
  const model = await loadModel(options.model, {
    quantize: options.quantize,
    frozen: options.loraR !== undefined,
    device: options.device,
  });
  const lora = loraOf(options, model);
  const block = options.blockSize ?? Math.min(1024, model.config.maxPositions);
  const rowsOf = async (given: Source, packing?: boolean): Promise<LabelledRows> => {
    if (given.tokens !== undefined) return readLabelledTokens(given.tokens);
    if (given.records !== undefined) return recordRows(options.model, model, given.records, options, packing);
    return { rows: given.text === undefined ? [] : await textBlocks(options.model, given.text, block, { dropRest: true }) };
  };
  const train = await rowsOf(options, options.packing);
  const valid = await rowsOf(validationOf(options));
  await emptyFolder(options.out);

  const settings = settingsOf(options, lora, optimizer);
  const rng = new CounterRng({ seed: options.seed, generation: 0, member: 'lm', step: 'finetune' });
  const onProgress = options.json ? undefined : showProgress;
  const { adapter, report } = await fit({
    model,
    train: train.rows,
    trainLabels: train.labels,
    valid: valid.rows,
    validLabels: valid.labels,
    settings,
    rng,
    threads: options.threads,
    device: options.device,
    onProgress,
  });
  if (adapter === undefined) {
    await saveCheckpoint(options.out, model);
    await copyTokenizer(options.model, options.out);
  } else {
    await saveAdapter(options.out, model.config, adapter, { ...lora!, base: options.model });
  }
  const count = (weights: ReadonlyMap<string, { shape: readonly number[] }>): number =>
    [...weights.values()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const trained = count(adapter?.weights ?? model.weights);
  if (options.json) {
    const epochs = report.epochs.map(({ epoch, trainLoss, validLoss }) => ({ epoch, train_loss: trainLoss, validation_loss: validLoss })); // prettier-ignore
    const result = { steps: report.steps, selected_epoch: report.selectedEpoch, epochs, trained_parameters: trained, parameters: count(model.weights) + count(model.stored ?? new Map()) }; // prettier-ignore
    printJson('lm-finetune', result);
    return;
  }
  for (const { epoch, trainLoss, validLoss } of report.epochs) {
    const validation = validLoss === null ? '' : `, validation loss ${validLoss.toFixed(4)}`;
    process.stdout.write(`epoch ${epoch}: loss ${trainLoss.toFixed(4)}${validation}\n`);
  }
  process.stdout.write(`wrote ${adapter === undefined ? 'model' : 'adapter'} ${options.out} (${report.steps} steps, ${trained} trained parameters)\n`); // prettier-ignore
}

/** Where rows come from: one of these, for validation also none. */
interface Source {
  readonly text?: string;
  readonly tokens?: string;
  readonly records?: string;
}

function validationOf({ validationText, validationTokens, validationRecords }: Options): Source {
  return { text: validationText, tokens: validationTokens, records: validationRecords };
}

/** @throws HabsburgError 'invalid' for options that would have no effect */
function checkCombinations(options: Options): void {
  const refuse = (message: string): never => {
    throw new HabsburgError('invalid', message);
  };
  const lora = { loraAlpha: '--lora-alpha', loraDropout: '--lora-dropout', loraTargets: '--lora-targets' } as const;
  for (const [key, flag] of Object.entries(lora))
    if (options[key as keyof typeof lora] !== undefined && options.loraR === undefined)
      refuse(`${flag} concerns LoRA; give --lora-r too`);
  if (options.quantize !== undefined && options.loraR === undefined)
    refuse('--quantize freezes the weights; give --lora-r too, to train an adapter beside them');
  const validations = Object.values(validationOf(options)).filter((source) => source !== undefined).length;
  if (validations > 1) refuse('give only one of --validation-text, --validation-tokens and --validation-records');
  checkRecordOptions(options, options.records !== undefined || options.validationRecords !== undefined);
  if (options.packing && options.records === undefined) refuse('--packing concerns records; give --records too');
  if (options.blockSize !== undefined && options.text === undefined && options.validationText === undefined)
    refuse('--block-size concerns texts; rows of token ids and records have lengths of their own');
  if (options.maxSteps !== undefined && options.numTrainEpochs !== undefined)
    refuse('give one of --num-train-epochs and --max-steps');
  if (options.warmupRatio !== undefined && options.warmupSteps !== undefined)
    refuse('give one of --warmup-ratio and --warmup-steps');
  if (options.evalSteps !== undefined && validations === 0)
    refuse('--eval-steps needs --validation-text, --validation-tokens or --validation-records');
  const needsValidation = options.loadBestModelAtEnd
    ? '--load-best-model-at-end'
    : options.earlyStoppingPatience === undefined
      ? undefined
      : '--early-stopping-patience';
  if (needsValidation !== undefined && validations === 0)
    refuse(`${needsValidation} needs --validation-text, --validation-tokens or --validation-records`);
}

function loraOf(options: Options, { config }: Checkpoint): LoraPlan | null {
  if (options.loraR === undefined) return null;
  const targets = options.loraTargets ?? architectureOf(config.modelType).loraTargets;
  return { rank: options.loraR, alpha: options.loraAlpha ?? 8, dropout: options.loraDropout ?? 0, targets };
}

function settingsOf(options: Options, lora: LoraPlan | null, optimizer: OptimizerPlan): TrainingPlan {
  return {
    ...(options.maxSteps === undefined ? { epochs: options.numTrainEpochs ?? 3 } : { maxSteps: options.maxSteps }),
    batch: options.perDeviceTrainBatchSize,
    accumulation: options.gradientAccumulationSteps,
    learningRate: options.learningRate,
    schedule: options.lrSchedulerType,
    minLearningRate: 0,
    scheduleUnit: 'step',
    warmup: options.warmupSteps ?? options.warmupRatio ?? 0,
    ...optimizer,
    clip: options.maxGradNorm,
    dropout: options.dropout,
    lora,
    ...(options.gradientCheckpointing === true && { recompute: true }),
    select: options.loadBestModelAtEnd ? 'best' : 'last',
    ...(options.evalSteps === undefined ? {} : { validateEvery: options.evalSteps }),
    ...(options.earlyStoppingPatience === undefined ? {} : { patience: options.earlyStoppingPatience }),
  };
}

function showProgress({ phase, done, total, loss, perSecond }: LoopProgress): void {
  if (phase !== 'train' || !process.stderr.isTTY) return;
  control(process.stderr, `\rstep ${done} of ${total}, loss ${loss!.toFixed(4)}, ${Math.round(perSecond!)} tokens/s   `);
  if (done === total) process.stderr.write('\n');
}
