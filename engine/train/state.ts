/** A training run's checkpoint: everything that the rest of the run depends on, bit for bit. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../../common/canonical.js';
import { fromSystemError, HabsburgError } from '../../common/errors.js';
import { readSafetensors, writeSafetensors, type NamedTensor, type Weights } from '../checkpoint/safetensors.js';
import type { Optimizer } from './optimizers/optimizer.js';

/** The result of what was trained between two validations: an epoch, or as many steps as the settings say. */
export interface EpochReport {
  /** from 1 */
  readonly epoch: number;
  /** mean nll of its targets while it trained, nats */
  readonly trainLoss: number;
  /** mean nll of all validation targets after it; null without validation rows */
  readonly validLoss: number | null;
}

/** Where training stands. JSON keeps float64 exactly. */
export interface Position {
  /** optimiser steps taken */
  readonly step: number;
  /** Σ nll and targets of the unfinished epoch */
  readonly nllSum: number;
  readonly targetCount: number;
  readonly epochs: readonly EpochReport[];
}

interface StateFile extends Position {
  readonly format: 1;
  /** of everything that determines the run: a checkpoint of another run is refused */
  readonly run: Digest;
}

const STATE = 'state.json';
const WEIGHTS = 'weights.safetensors';
/** what the optimiser keeps beside the weights */
const MOMENTS = 'moments.safetensors';
const BEST = 'best.safetensors';

/**
 * @param run digest of everything that determines the run
 * @param best the best epoch's weights, where one is kept
 */
export async function writeState(
  folder: string,
  run: Digest,
  position: Position,
  optimizer: Optimizer,
  best: Weights | undefined,
): Promise<void> {
  await writeSafetensors(join(folder, WEIGHTS), optimizer.weights);
  await writeSafetensors(join(folder, MOMENTS), optimizer.state);
  if (best !== undefined) await writeSafetensors(join(folder, BEST), best);
  const state: StateFile = { format: 1, run, ...position };
  try {
    await writeFile(join(folder, STATE), `${JSON.stringify(state, null, 2)}\n`);
  } catch (error) {
    throw fromSystemError(error, `cannot write ${join(folder, STATE)}`);
  }
}

/**
 * Restores the optimiser, and into `best` the best epoch's weights where `hasBest` says that one was kept.
 * @throws HabsburgError `verification` when the checkpoint is damaged or belongs to another run
 */
export async function readState(
  folder: string,
  run: Digest,
  optimizer: Optimizer,
  best: Weights,
  hasBest: (position: Position) => boolean,
): Promise<Position> {
  const path = join(folder, STATE);
  let state: StateFile;
  try {
    state = JSON.parse(await readFile(path, 'utf8')) as StateFile;
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new HabsburgError('verification', `${path} is not valid JSON: ${error.message}`, { cause: error });
    throw fromSystemError(error, `cannot read ${path}`);
  }
  if (state.format !== 1 || state.run !== run) {
    throw new HabsburgError(
      'verification',
      `${folder} is a checkpoint of another training run; remove it or resume with the settings and data it was written with`,
    );
  }
  copyInto(optimizer.weights, await readSafetensors(join(folder, WEIGHTS)), folder);
  copyInto(optimizer.state, await readSafetensors(join(folder, MOMENTS)), folder);
  optimizer.steps = state.step;
  if (hasBest(state)) copyInto(best, await readSafetensors(join(folder, BEST)), folder);
  return { step: state.step, nllSum: state.nllSum, targetCount: state.targetCount, epochs: state.epochs };
}

/** Copies tensors into the arrays of the same names. */
export function copyInto(
  target: ReadonlyMap<string, NamedTensor>,
  source: ReadonlyMap<string, NamedTensor>,
  folder = 'memory',
): void {
  for (const [name, { data }] of target) {
    const tensor = source.get(name);
    if (tensor?.data.length !== data.length)
      throw new HabsburgError('verification', `the checkpoint in ${folder} has no fitting ${name}`);
    data.set(tensor.data);
  }
}
