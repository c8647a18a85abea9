/**
 * A detector: how probable it is that a text was written by a machine and not by a human, where both are as frequent. Cross-fitted: a text
 * is judged by weights that were learned without it, so that texts which it was trained on may be judged as well.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CounterRng } from '../../common/philox.js';
import { HabsburgError } from '../../common/errors.js';
import { featuresOf } from './features.js';
import { fitLinear, fitScale, logitOf, sigmoid, type Example, type Linear, type Scale } from './logistic.js';
import { heldOut, type HeldOut } from './held-out.js';

export interface DetectorSettings {
  /** n-grams of 1 … orders tokens, in 2^bits places */
  readonly orders: number;
  readonly bits: number;
  readonly folds: number;
  readonly epochs: number;
}

export const DETECTOR_SETTINGS: DetectorSettings = { orders: 3, bits: 18, folds: 5, epochs: 10 };

/** A text by its record's id, whose last number says which weights judge it. */
export interface DetectorText {
  readonly id: string;
  readonly tokens: readonly number[];
}

export interface Detector extends Pick<DetectorSettings, 'orders' | 'bits'> {
  /** of each fold, learned from the others */
  readonly folds: readonly Linear[];
  readonly scale: Scale;
}

/** At least so many texts of each kind; fewer teach nothing that holds for others. */
const FEWEST = 10;

/**
 * A record's place in its set, and so a real text, what goes on behind it and all candidates of that, are in one fold.
 */
export function foldOf(id: string, folds: number): number {
  return Number(/(\d+)$/.exec(id)?.[1] ?? 0) % folds;
}

/** @throws HabsburgError 'invalid' where there are too few texts of a kind */
export function fitDetector(
  real: readonly DetectorText[],
  written: readonly DetectorText[],
  rng: CounterRng,
  { orders, bits, folds, epochs }: DetectorSettings = DETECTOR_SETTINGS,
): { detector: Detector; report: HeldOut } {
  const few = Math.min(real.length, written.length);
  if (few < FEWEST)
    throw new HabsburgError(
      'invalid',
      `a detector learns from ${FEWEST} real and ${FEWEST} written texts at least, and there are ${real.length} and ${written.length}; give more data, or take the operators away that read detection`,
    );
  const of = (texts: readonly DetectorText[], label: 0 | 1): (Example & { readonly fold: number })[] =>
    texts.map(({ id, tokens }) => ({
      features: featuresOf(tokens, orders, bits),
      label,
      // both kinds count alike, however many they are
      weight: few / texts.length,
      fold: foldOf(id, folds),
    }));
  const examples = [...of(real, 0), ...of(written, 1)];
  const fitted = Array.from(
    { length: folds },
    (_, k) =>
    fitLinear(examples.filter(({ fold }) => fold !== k), 2 ** bits, epochs, rng.derive(`fold/${k}`)), // prettier-ignore
  );
  const logits = examples.map(({ features, fold }) => logitOf(fitted[fold], features));
  const labels = examples.map(({ label }) => label);
  const weights = examples.map(({ weight }) => weight);
  const scale = fitScale(logits, labels, weights);
  const probabilities = logits.map((logit) => sigmoid(scale.slope * logit + scale.intercept));
  return { detector: { orders, bits, folds: fitted, scale }, report: heldOut(probabilities, labels, weights) };
}

/** That the text was written by a machine, in [0, 1]. */
export function probabilityOf({ orders, bits, folds, scale }: Detector, { id, tokens }: DetectorText): number {
  const logit = logitOf(folds[foldOf(id, folds.length)], featuresOf(tokens, orders, bits));
  return sigmoid(scale.slope * logit + scale.intercept);
}

const CONFIG_FILE = 'config.json';
/** float32, little-endian: the weights of each fold, one after the other */
const WEIGHTS_FILE = 'weights.bin';
const MODEL_TYPE = 'habsburg-detector';

export async function saveDetector(folder: string, { orders, bits, folds, scale }: Detector): Promise<void> {
  const config = { model_type: MODEL_TYPE, orders, bits, folds: folds.length, bias: folds.map(({ bias }) => bias), ...scale };
  await writeFile(join(folder, CONFIG_FILE), `${JSON.stringify(config, null, 2)}\n`);
  const bytes = Buffer.alloc(4 * folds.length * 2 ** bits);
  let at = 0;
  for (const { weights } of folds) for (const weight of weights) at = bytes.writeFloatLE(weight, at);
  await writeFile(join(folder, WEIGHTS_FILE), bytes);
}

/** Whether the folder holds one that was trained here. */
export async function isDetector(folder: string): Promise<boolean> {
  const { model_type } = JSON.parse(await readFile(join(folder, CONFIG_FILE), 'utf8')) as { readonly model_type?: string };
  return model_type === MODEL_TYPE;
}

/** @throws HabsburgError 'verification' where the folder holds none */
export async function loadDetector(folder: string): Promise<Detector> {
  const config = JSON.parse(await readFile(join(folder, CONFIG_FILE), 'utf8')) as {
    readonly model_type?: string;
    readonly orders: number;
    readonly bits: number;
    readonly folds: number;
    readonly bias: readonly number[];
  } & Scale;
  if (config.model_type !== MODEL_TYPE) throw new HabsburgError('verification', `${folder}: ${CONFIG_FILE} is not a detector's`);
  const { orders, bits, slope, intercept } = config;
  const bytes = await readFile(join(folder, WEIGHTS_FILE));
  const size = 2 ** bits;
  if (bytes.length !== 4 * config.folds * size)
    throw new HabsburgError('verification', `${folder}: ${WEIGHTS_FILE} has ${bytes.length} bytes in place of ${4 * config.folds * size}`); // prettier-ignore
  const folds = config.bias.map((bias, k) => ({
    bias,
    weights: Float32Array.from({ length: size }, (_, j) => bytes.readFloatLE(4 * (k * size + j))),
  }));
  return { orders, bits, folds, scale: { slope, intercept } };
}
