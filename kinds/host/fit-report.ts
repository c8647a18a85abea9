/** What a training has to say in the workflow's history. */
import type { LoopReport } from '../../engine/train/loop.js';
import type { JobReport } from './types.js';

/** Losses are null where nothing was trained or validated. */
export function fitReport({ steps, epochs, selectedEpoch, bestValidLoss }: LoopReport): JobReport {
  const last = epochs.at(-1);
  return {
    steps,
    selectedEpoch,
    bestValidLoss,
    lastTrainLoss: last?.trainLoss ?? null,
    lastValidLoss: last?.validLoss ?? null,
  };
}
