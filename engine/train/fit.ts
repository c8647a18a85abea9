/** Trains a language model on rows of tokens. */
import { createHash } from 'node:crypto';
import { digestOf } from '../../common/canonical.js';
import { HabsburgError } from '../../common/errors.js';
import type { CounterRng } from '../../common/philox.js';
import type { Device } from '../devices.js';
import { initialLora, type Lora } from '../adapters/lora.js';
import { IGNORED } from '../../common/labels.js';
import { longestRow } from '../batch.js';
import { badWeight } from '../checkpoint/finite.js';
import type { Model } from '../checkpoint/huggingface.js';
import type { Weights } from '../checkpoint/safetensors.js';
import { checkLabels, checkRows, Scorer } from '../score.js';
import { trainEpochs, type LoopHooks, type LoopReport } from './loop.js';
import type { TrainingSettings } from './settings.js';
import { Trainer } from './trainer.js';

export interface FitOptions extends LoopHooks {
  /** trained in place, as in torch: its weights are the selected ones at the end; with settings.lora it stays as it is */
  readonly model: Model;
  /** token ids, two tokens a row or more; rows may differ in length */
  readonly train: readonly Int32Array[];
  readonly valid: readonly Int32Array[];
  /** a label for each token of each row, as transformers takes them: IGNORED is not predicted; absent: every token is */
  readonly trainLabels?: readonly Int32Array[];
  readonly validLabels?: readonly Int32Array[];
  /** what the tokens of each training row count for in the loss, above 0; absent: 1 */
  readonly trainWeights?: Float32Array;
  readonly settings: TrainingSettings;
  /** draws the order of rows; epoch e uses the permutation of lane e */
  readonly rng: CounterRng;
  readonly threads: number;
  readonly device?: Device;
}

export interface FitResult {
  /** those of options.model */
  readonly weights: Weights;
  /** with settings.lora: the trained adapter, not merged */
  readonly adapter?: Lora;
  readonly report: LoopReport;
}

/**
 * Trains for settings.epochs epochs. Each epoch takes the rows in a fresh random order in steps of batch x accumulation rows (the
 * last step may be short), then measures the loss on the validation rows, and ends early where settings.patience says so. Dropout
 * is what the settings say, whatever the checkpoint's config says. The weights depend on nothing but the options, and not on threads or attempts.
 * @throws HabsburgError `invalid` for rows that do not fit the model, `failed` when training diverges, `verification` when the
 *   model's weights are not finite to begin with
 */
export async function fit(options: FitOptions): Promise<FitResult> {
  const { model, train, valid, trainLabels, validLabels, trainWeights, settings, rng, threads, device } = options;
  checkOptions(options);
  const { lora } = settings;
  const adapter = lora ? initialLora(model.config, lora, rng.derive('lora')) : undefined;
  const trainer = new Trainer(model, {
    ...settings,
    threads,
    device,
    longest: longestRow(train),
    adapter,
    dropout: settings.dropout === 0 ? undefined : { rate: settings.dropout, rng: rng.derive('dropout') },
    adapterDropout: lora && lora.dropout > 0 ? { rate: lora.dropout, rng: rng.derive('lora-dropout') } : undefined,
  });
  // Where a model comes with NaN, it is not the training that diverges.
  const diagnosed = async (error: unknown): Promise<never> => {
    const cause = trainer.optimizer.steps === 0 ? await badWeight(model) : undefined;
    throw cause === undefined ? error : new HabsburgError('verification', `the model cannot be trained: ${cause}`);
  };
  const inBatches = <T>(items: readonly T[] | undefined): T[][] | undefined => items && split(items, settings.batch);
  const scorer = new Scorer(model.config, trainer.feeds, { threads, device, adapter, frozen: model });
  try {
    const report = await trainEpochs({
      ...options,
      examples: train.length,
      perStep: settings.batch * settings.accumulation,
      run: digestOf({
        settings,
        key: rng.key,
        architecture: model.config.json,
        train: rowsDigest(train),
        valid: rowsDigest(valid),
        ...(trainLabels && { trainLabels: rowsDigest(trainLabels) }),
        ...(validLabels && { validLabels: rowsDigest(validLabels) }),
        ...(trainWeights && { trainWeights: createHash('sha256').update(trainWeights).digest('hex') }),
      }),
      optimizer: trainer.optimizer,
      selected: adapter?.weights ?? model.weights,
      async step(members, learningRate) {
        const rows = Array.from(members, (i) => train[i]);
        const labels = trainLabels && Array.from(members, (i) => trainLabels[i]);
        const weights = trainWeights && Array.from(members, (i) => trainWeights[i]);
        const done = await trainer.step(inBatches(rows)!, learningRate, inBatches(labels), inBatches(weights)).catch(diagnosed);
        return { ...done, size: rows.reduce((n, row) => n + row.length, 0) };
      },
      validate: () => meanLoss(scorer, valid, validLabels),
    });
    return { weights: model.weights, adapter, report };
  } finally {
    await trainer.release();
    await scorer.release();
  }
}

function checkOptions({ model, train, valid, trainLabels, validLabels, trainWeights, settings }: FitOptions): void {
  if (train.length === 0) throw new HabsburgError('invalid', 'there are no rows to train on');
  if (settings.select === 'best' && valid.length === 0) {
    throw new HabsburgError('invalid', 'select: best needs validation rows, and there are none; give some or use select: last');
  }
  if (model.stored !== undefined && !settings.lora) {
    throw new HabsburgError(
      'invalid',
      "the model's weights are frozen in their file, quantised or mapped: train a LoRA adapter beside them, or load them as float32",
    );
  }
  if (settings.patience && valid.length === 0)
    throw new HabsburgError('invalid', 'patience needs validation rows, and there are none; give some or leave it out');
  checkRows(train, model.config);
  checkRows(valid, model.config);
  const light = trainWeights?.findIndex((weight) => !(weight > 0 && weight < Infinity)) ?? -1;
  if (light >= 0)
    throw new HabsburgError('invalid', `training row ${light} counts ${trainWeights![light]}; give a number above 0`);
  const short = train.findIndex((row) => row.length < 2);
  if (short >= 0)
    throw new HabsburgError('invalid', `training row ${short} has ${train[short].length} tokens; two are needed to predict one`);
  checkLabels(train, trainLabels, model.config, 'training row');
  checkLabels(valid, validLabels, model.config, 'validation row');
  const silent = trainLabels?.findIndex(predictsNothing) ?? -1;
  if (silent >= 0)
    throw new HabsburgError('invalid', `training row ${silent} has no token to predict: every label is ${IGNORED}; leave it out`);
  if (valid.length > 0 && validLabels?.every(predictsNothing))
    throw new HabsburgError('invalid', `no validation row has a token to predict: every label is ${IGNORED}`);
}

function predictsNothing(labels: Int32Array): boolean {
  return labels.every((label, t) => t === 0 || label === IGNORED);
}

/** Mean nll of all targets of all rows; null where there are none. */
async function meanLoss(scorer: Scorer, rows: readonly Int32Array[], labels?: readonly Int32Array[]): Promise<number | null> {
  const scores = await scorer.score(rows, labels);
  const count = scores.reduce((sum, { tokenCount }) => sum + tokenCount, 0);
  return count === 0 ? null : scores.reduce((sum, { nllSum }) => sum + nllSum, 0) / count;
}

/** SHA-256 of the rows' lengths and ids. */
function rowsDigest(rows: readonly Int32Array[]): string {
  const hash = createHash('sha256');
  for (const row of rows) hash.update(Int32Array.of(row.length)).update(row);
  return hash.digest('hex');
}

function split<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
