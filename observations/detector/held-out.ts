/** How good probabilities are of labels that they were not learned from; both kinds count alike. */
import { ranksOf } from '../../statistics/ranks.js';

export interface HeldOut {
  readonly real: number;
  readonly written: number;
  /** share that is told right at 1/2, the mean of both kinds */
  readonly accuracy: number;
  /** probability that a written text gets a higher number than a real one; equal ones count half */
  readonly auc: number;
  /** mean squared difference from the labels: 0.25 of who always says 1/2 */
  readonly brier: number;
  /** expected calibration error: ten bins of equal width, the mean of |share of written ones - mean probability| */
  readonly calibrationError: number;
}

const BINS = 10;

/** @param labels 1: written, 0: real @param weights what each counts for */
export function heldOut(probabilities: readonly number[], labels: readonly number[], weights: readonly number[]): HeldOut {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const written = labels.filter((label) => label === 1).length;
  const bins = Array.from({ length: BINS }, () => ({ weight: 0, probability: 0, label: 0 }));
  let [right, squares] = [0, 0];
  probabilities.forEach((p, i) => {
    right += weights[i] * (p === 0.5 ? 0.5 : Number(p > 0.5 === (labels[i] === 1)));
    squares += weights[i] * (p - labels[i]) ** 2;
    const bin = bins[Math.min(BINS - 1, Math.floor(p * BINS))];
    bin.weight += weights[i];
    bin.probability += weights[i] * p;
    bin.label += weights[i] * labels[i];
  });
  return {
    real: labels.length - written,
    written,
    accuracy: right / total,
    auc: areaUnder(probabilities, labels),
    brier: squares / total,
    calibrationError: bins.reduce((sum, { probability, label }) => sum + Math.abs(label - probability), 0) / total,
  };
}

/** Mann-Whitney's U over the pairs. */
function areaUnder(probabilities: readonly number[], labels: readonly number[]): number {
  const ranks = ranksOf(probabilities).filter((_, i) => labels[i] === 1);
  const written = ranks.length;
  const sum = ranks.reduce((all, rank) => all + rank, 0);
  return (sum - (written * (written + 1)) / 2) / (written * (labels.length - written));
}
