/** What is minimised in place of the cross-entropy: one file a loss here, and a row in index.ts. */
import type { z } from 'zod';
import type { Graph } from '../../graph/graph.js';
import type { Value } from '../../graph/types.js';

/** What the output layer says of N tokens that are predicted, V of a vocabulary. */
export interface Predicted {
  /** (N) nats */
  readonly nll: Value;
  /** (N, V) */
  readonly logits: Value;
  /** (N, V) */
  readonly probabilities: Value;
  /** (N, 1) log Σ exp of the logits */
  readonly logSum: Value;
  readonly vocabularySize: number;
}

/**
 * The gradient of each token's loss by its logits, count · (expected − target · one-hot): of the cross-entropy the probabilities, less 1
 * in the target's column.
 */
export interface LogitGradient {
  /** (N, V) */
  readonly expected: Value;
  readonly target: number;
  /** (N, 1); absent: 1 */
  readonly count?: Value;
}

/** @typeParam S its settings, `kind` among them */
export interface TrainingLoss<S extends { readonly kind: string }> {
  readonly schema: z.ZodObject<z.ZodRawShape> & z.ZodType<S>;
  /** in a description, such as "truncated cross-entropy (0.9)" */
  words(settings: S): string;
  gradient(g: Graph, predicted: Predicted, settings: S): LogitGradient;
}
