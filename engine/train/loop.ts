/** Epochs of optimiser steps over shuffled examples, whatever a step is: order, schedule, selection, progress and checkpoints. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Digest } from '../../common/canonical.js';
import { HabsburgError } from '../../common/errors.js';
import type { CounterRng } from '../../common/philox.js';
import type { Weights } from '../checkpoint/safetensors.js';
import type { Optimizer } from './optimizers/optimizer.js';
import { learningRateAt, stepsOf, type SchedulePlan } from './schedule.js';
import type { SelectionPlan } from './settings.js';
import { copyInto, readState, writeState, type EpochReport, type Position } from './state.js';

export interface LoopProgress {
  readonly phase: 'train' | 'validate';
  /** optimiser steps */
  readonly done: number;
  readonly total: number;
  readonly unit: 'step';
  /** from 1 */
  readonly epoch: number;
  /** mean loss of the latest step */
  readonly loss?: number;
  /** what the latest step read, by the second: tokens of text, or images */
  readonly perSecond?: number;
}

export interface LoopHooks {
  /** folder of a checkpoint that an earlier attempt with the same options wrote; training goes on from there, bit for bit */
  readonly resumeFrom?: string;
  readonly onProgress?: (progress: LoopProgress) => void;
  /** asked after every step */
  readonly checkpointDue?: () => boolean;
  /** called when a checkpoint is due; calls back with an empty folder to write to */
  readonly checkpoint?: (write: (folder: string) => Promise<void>) => Promise<void>;
}

export interface LoopOptions extends LoopHooks {
  readonly settings: SchedulePlan & SelectionPlan;
  readonly examples: number;
  /** examples of one optimiser step; an epoch's last step may have fewer */
  readonly perStep: number;
  /** draws the order of examples; epoch e uses the permutation of lane e */
  readonly rng: CounterRng;
  /** digest of everything that determines the run */
  readonly run: Digest;
  readonly optimizer: Optimizer;
  /** receives the selected weights, in its own arrays or as the optimiser's; what it held is not needed any more */
  readonly selected: Weights;
  step(examples: Uint32Array, learningRate: number): Promise<LoopStep>;
  /** mean loss on the validation examples; null without any */
  validate(): Promise<number | null>;
}

/** What an optimiser step did. */
export interface LoopStep {
  /** its summed loss, and what that is summed over */
  readonly nllSum: number;
  readonly targetCount: number;
  /** tokens or images that it read */
  readonly size: number;
}

export interface LoopReport {
  /** optimiser steps, over all attempts; fewer than planned where training stopped early */
  readonly steps: number;
  readonly epochs: readonly EpochReport[];
  /** the one whose weights were selected, from 1; 0: nothing was trained */
  readonly selectedEpoch: number;
  /** lowest validation loss; null without validation examples */
  readonly bestValidLoss: number | null;
}

/**
 * Trains for settings.epochs epochs or settings.maxSteps steps, each epoch in a fresh random order, with a validation after every epoch
 * or settings.validateEvery steps and at the end; less where settings.patience says so. The weights depend on nothing but the options,
 * and not on attempts.
 * @throws HabsburgError `failed` when the validation loss is not finite
 */
export async function trainEpochs(options: LoopOptions): Promise<LoopReport> {
  const { settings, examples, perStep, optimizer, selected, run } = options;
  const stepsPerEpoch = Math.ceil(examples / perStep);
  const steps = stepsOf(settings, stepsPerEpoch);
  const stepsPerRound = settings.validateEvery ?? stepsPerEpoch;
  const keepsBest = (at: Position): boolean => settings.select === 'best' && at.epochs.length > 0;
  // Where whatever comes last is the result, no copy of it is kept.
  if (settings.select === 'last' || steps <= stepsPerRound)
    for (const [name, last] of optimizer.weights) selected.set(name, last);
  let position: Position = { step: 0, nllSum: 0, targetCount: 0, epochs: [] };
  if (options.resumeFrom !== undefined) position = await readState(options.resumeFrom, run, optimizer, selected, keepsBest);

  const isOver = (): boolean => position.step === steps || isPatienceOver(position.epochs, settings);
  while (!isOver()) {
    const epoch = Math.floor(position.step / stepsPerEpoch); // from 0
    const order = options.rng.permutation(examples, epoch);
    for (let at = position.step % stepsPerEpoch; at < stepsPerEpoch && !isOver(); at++) {
      const started = performance.now();
      const chosen = order.subarray(at * perStep, (at + 1) * perStep);
      const { nllSum, targetCount, size } = await options.step(chosen, learningRateAt(settings, position.step, stepsPerEpoch));
      position = {
        ...position,
        step: position.step + 1,
        nllSum: position.nllSum + nllSum,
        targetCount: position.targetCount + targetCount,
      };
      const here = { done: position.step, total: steps, unit: 'step', epoch: epoch + 1 } as const;
      options.onProgress?.({
        phase: 'train',
        ...here,
        loss: nllSum / targetCount,
        perSecond: (1000 * size) / (performance.now() - started),
      });
      if (position.step % stepsPerRound === 0 || position.step === steps) {
        options.onProgress?.({ phase: 'validate', ...here });
        const validLoss = finite(await options.validate());
        const round = position.epochs.length + 1;
        const report: EpochReport = { epoch: round, trainLoss: position.nllSum / position.targetCount, validLoss };
        position = { step: position.step, nllSum: 0, targetCount: 0, epochs: [...position.epochs, report] };
        if (settings.select === 'best' && bestEpoch(position.epochs) === round) copyInto(selected, optimizer.weights);
      }
      if (!isOver() && options.checkpointDue?.() === true) {
        await options.checkpoint?.((folder) =>
          writeState(folder, run, position, optimizer, keepsBest(position) ? selected : undefined),
        );
      }
      await nextTurn();
    }
  }

  const losses = position.epochs.flatMap(({ validLoss }) => (validLoss === null ? [] : [validLoss]));
  return {
    steps: position.step,
    epochs: position.epochs,
    selectedEpoch: settings.select === 'last' ? position.epochs.length : bestEpoch(position.epochs),
    bestValidLoss: losses.length === 0 ? null : Math.min(...losses),
  };
}

/** The first epoch with the lowest validation loss, from 1; 0: there is none. */
function bestEpoch(epochs: readonly EpochReport[]): number {
  return epochs.reduce(
    (best, { epoch, validLoss }) => (best === 0 || validLoss! < epochs[best - 1].validLoss! ? epoch : best),
    0,
  );
}

/** Whether the last `patience` epochs all ended with a validation loss no lower than the lowest before them. */
function isPatienceOver(epochs: readonly EpochReport[], { patience }: LoopOptions['settings']): boolean {
  return !!patience && epochs.length - bestEpoch(epochs) >= patience;
}

function finite(loss: number | null): number | null {
  if (loss !== null && !Number.isFinite(loss))
    throw new HabsburgError('failed', 'the validation loss is not finite: training diverged; lower the learning rate');
  return loss;
}
