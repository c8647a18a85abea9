/** The training loop, top to bottom. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createHash } from 'node:crypto';
import { digestOf } from '../../common/canonical.js';
import { HabsburgError } from '../../common/errors.js';
import type { CounterRng } from '../../common/philox.js';
import type { Device } from '../../spec/devices.js';
import type { TrainingPlan } from '../../spec/plan.js';
import { initialLora, type Lora } from '../adapters/lora.js';
import { IGNORED } from '../../common/labels.js';
import { longestRow } from '../batch.js';
import type { Model } from '../checkpoint/huggingface.js';
import type { Weights } from '../checkpoint/safetensors.js';
import { checkLabels, checkRows, Scorer } from '../score.js';
import { learningRateAt } from './schedule.js';
import { copyInto, readState, writeState, type EpochReport, type Position } from './state.js';
import { Trainer } from './trainer.js';

export interface FitProgress {
  readonly phase: 'train' | 'validate';
  /** optimiser steps */
  readonly done: number;
  readonly total: number;
  readonly unit: 'step';
  /** from 1 */
  readonly epoch: number;
  /** mean nll of the latest step, nats a token */
  readonly loss?: number;
  readonly tokensPerSecond?: number;
}

export interface FitOptions {
  /** trained in place, as in torch: its arrays hold the selected weights at the end; with settings.lora it stays as it is */
  readonly model: Model;
  /** token ids, two tokens a row or more; rows may differ in length */
  readonly train: readonly Int32Array[];
  readonly valid: readonly Int32Array[];
  /** a label for each token of each row, as transformers takes them: IGNORED is not predicted; absent: every token is */
  readonly trainLabels?: readonly Int32Array[];
  readonly validLabels?: readonly Int32Array[];
  readonly settings: TrainingPlan;
  /** draws the order of rows; epoch e uses the permutation of lane e */
  readonly rng: CounterRng;
  readonly threads: number;
  readonly device?: Device;
  /** folder of a checkpoint that an earlier attempt with the same options wrote; training goes on from there, bit for bit */
  readonly resumeFrom?: string;
  readonly onProgress?: (progress: FitProgress) => void;
  /** asked after every step */
  readonly checkpointDue?: () => boolean;
  /** called when a checkpoint is due; calls back with an empty folder to write to */
  readonly checkpoint?: (write: (folder: string) => Promise<void>) => Promise<void>;
}

export interface FitReport {
  /** optimiser steps, over all attempts; fewer than planned where training stopped early */
  readonly steps: number;
  readonly epochs: readonly EpochReport[];
  /** the epoch whose weights were selected, from 1; 0: no epoch was trained */
  readonly selectedEpoch: number;
  /** lowest validation loss, nats; null without validation rows */
  readonly bestValidLoss: number | null;
}

export interface FitResult {
  /** the arrays of options.model */
  readonly weights: Weights;
  /** with settings.lora: the trained adapter, not merged */
  readonly adapter?: Lora;
  readonly report: FitReport;
}

/**
 * Trains for settings.epochs epochs. Each epoch takes the rows in a fresh random order in steps of batch x accumulation rows (the
 * last step may be short), then measures the loss on the validation rows, and ends early where settings.patience says so. Dropout
 * is what the settings say, whatever the checkpoint's config says. The weights depend on nothing but the options, and not on threads or attempts.
 * @throws HabsburgError `invalid` for rows that do not fit the model, `failed` when training diverges
 */
export async function fit(options: FitOptions): Promise<FitResult> {
  const { model, train, valid, trainLabels, validLabels, settings, rng, threads, device } = options;
  checkOptions(options);
  const rowsPerStep = settings.batch * settings.accumulation;
  const stepsPerEpoch = Math.ceil(train.length / rowsPerStep);
  const steps = settings.epochs * stepsPerEpoch;
  const run = digestOf({
    settings,
    key: rng.key,
    architecture: model.config.json,
    train: rowsDigest(train),
    valid: rowsDigest(valid),
    ...(trainLabels && { trainLabels: rowsDigest(trainLabels) }),
    ...(validLabels && { validLabels: rowsDigest(validLabels) }),
  });

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
  const scorer = new Scorer(model.config, trainer.feeds, { threads, device, adapter });
  const best = adapter?.weights ?? model.weights; // no longer needed as the start, so its arrays keep the best epoch's weights
  const last = settings.select === 'last' || settings.epochs === 1; // whatever comes last is the result: no copy of it is kept
  if (last) for (const [name, weights] of trainer.optimizer.weights) best.set(name, weights);
  try {
    let position: Position = { step: 0, nllSum: 0, targetCount: 0, epochs: [] };
    const keepsBest = (at: Position): boolean => settings.select === 'best' && at.epochs.length > 0;
    if (options.resumeFrom !== undefined) position = await readState(options.resumeFrom, run, trainer.optimizer, best, keepsBest);

    while (position.step < steps && !isPatienceOver(position.epochs, settings)) {
      const epoch = Math.floor(position.step / stepsPerEpoch); // from 0
      const order = rng.permutation(train.length, epoch);
      for (let at = position.step % stepsPerEpoch; at < stepsPerEpoch; at++) {
        const started = performance.now();
        const members = Array.from(order.subarray(at * rowsPerStep, (at + 1) * rowsPerStep));
        const rows = members.map((i) => train[i]);
        const labels = trainLabels && split(members.map((i) => trainLabels[i]), settings.batch); // prettier-ignore
        const rate = learningRateAt(settings, position.step, stepsPerEpoch);
        const { nllSum, targetCount } = await trainer.step(split(rows, settings.batch), rate, labels);
        position = {
          ...position,
          step: position.step + 1,
          nllSum: position.nllSum + nllSum,
          targetCount: position.targetCount + targetCount,
        };

        if (position.step % stepsPerEpoch === 0) {
          options.onProgress?.({ phase: 'validate', done: position.step, total: steps, unit: 'step', epoch: epoch + 1 });
          const validLoss = await meanLoss(scorer, valid, validLabels);
          const report: EpochReport = { epoch: epoch + 1, trainLoss: position.nllSum / position.targetCount, validLoss };
          position = { step: position.step, nllSum: 0, targetCount: 0, epochs: [...position.epochs, report] };
          if (settings.select === 'best' && bestEpoch(position.epochs) === epoch + 1) copyInto(best, trainer.optimizer.weights);
        }
        options.onProgress?.({
          phase: 'train',
          done: position.step,
          total: steps,
          unit: 'step',
          epoch: epoch + 1,
          loss: nllSum / targetCount,
          tokensPerSecond: (1000 * rows.reduce((n, row) => n + row.length, 0)) / (performance.now() - started),
        });
        const over = position.step === steps || isPatienceOver(position.epochs, settings);
        if (!over && options.checkpointDue?.() === true) {
          await options.checkpoint?.((folder) =>
            writeState(folder, run, position, trainer.optimizer, keepsBest(position) ? best : undefined),
          );
        }
        await nextTurn();
      }
    }

    if (settings.select === 'last') copyInto(best, trainer.optimizer.weights);
    const selectedEpoch = settings.select === 'last' ? position.epochs.length : bestEpoch(position.epochs);
    const losses = position.epochs.flatMap(({ validLoss }) => (validLoss === null ? [] : [validLoss]));
    return {
      weights: model.weights,
      adapter,
      report: {
        steps: position.step,
        epochs: position.epochs,
        selectedEpoch,
        bestValidLoss: losses.length === 0 ? null : Math.min(...losses),
      },
    };
  } finally {
    await trainer.release();
    await scorer.release();
  }
}

function checkOptions({ model, train, valid, trainLabels, validLabels, settings }: FitOptions): void {
  if (train.length === 0) throw new HabsburgError('invalid', 'there are no rows to train on');
  if (settings.select === 'best' && valid.length === 0) {
    throw new HabsburgError('invalid', 'select: best needs validation rows, and there are none; give some or use select: last');
  }
  if (settings.patience && valid.length === 0)
    throw new HabsburgError('invalid', 'patience needs validation rows, and there are none; give some or leave it out');
  checkRows(train, model.config);
  checkRows(valid, model.config);
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

/** The first epoch with the lowest validation loss, from 1; 0: there is none. */
function bestEpoch(epochs: readonly EpochReport[]): number {
  return epochs.reduce(
    (best, { epoch, validLoss }) => (best === 0 || validLoss! < epochs[best - 1].validLoss! ? epoch : best),
    0,
  );
}

/** Whether the last `patience` epochs all ended with a validation loss no lower than the lowest before them. */
function isPatienceOver(epochs: readonly EpochReport[], { patience }: TrainingPlan): boolean {
  return !!patience && epochs.length - bestEpoch(epochs) >= patience;
}

/** Mean nll of all targets of all rows; null where there are none. */
async function meanLoss(scorer: Scorer, rows: readonly Int32Array[], labels?: readonly Int32Array[]): Promise<number | null> {
  const scores = await scorer.score(rows, labels);
  const count = scores.reduce((sum, { tokenCount }) => sum + tokenCount, 0);
  if (count === 0) return null;
  const loss = scores.reduce((sum, { nllSum }) => sum + nllSum, 0) / count;
  if (!Number.isFinite(loss))
    throw new HabsburgError('failed', 'the validation loss is not finite: training diverged; lower the learning rate');
  return loss;
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
