/** The losses by name. Adding one is one file here, with its settings, plus a row. What is validated and selected by stays the cross-entropy. */
import { z } from 'zod';
import type { Graph } from '../../graph/graph.js';
import { confidencePenalty, type ConfidencePenaltyPlan } from './confidence-penalty.js';
import { labelSmoothing, type LabelSmoothingPlan } from './label-smoothing.js';
import { truncated, type TruncatedPlan } from './truncated.js';
import type { LogitGradient, Predicted, TrainingLoss } from './types.js';

export type LossPlan = TruncatedPlan | ConfidencePenaltyPlan | LabelSmoothingPlan;

type Rows = { readonly [K in LossPlan['kind']]: TrainingLoss<Extract<LossPlan, { kind: K }>> };

const LOSSES: Rows = {
  truncated,
  'confidence-penalty': confidencePenalty,
  'label-smoothing': labelSmoothing,
};

export const lossSchema = z.discriminatedUnion('kind', [truncated.schema, confidencePenalty.schema, labelSmoothing.schema]);

const rowOf = ({ kind }: LossPlan): TrainingLoss<LossPlan> => LOSSES[kind] as TrainingLoss<LossPlan>;

export function lossWords(loss: LossPlan): string {
  return rowOf(loss).words(loss);
}

/** @param loss absent: the cross-entropy */
export function logitGradient(g: Graph, predicted: Predicted, loss?: LossPlan): LogitGradient {
  return loss === undefined ? { expected: predicted.probabilities, target: 1 } : rowOf(loss).gradient(g, predicted, loss);
}
