/**
 * The settings of a step and of what is selected, said once: an experiment's grammar and the plan's type are made from them. Those of the
 * learning rate stand in schedule.ts, an optimiser's beside it.
 */
import { z } from 'zod';
import type { LoraPlan } from '../adapters/settings.js';
import { lossSchema, type LossPlan } from './losses/index.js';
import type { OptimizerPlan } from './optimizers/index.js';
import type { SchedulePlan } from './schedule.js';

export const stepFields = {
  batch: z.int().min(1).max(1e6).describe('Rows of one forward pass; an optimiser step has batch x accumulation.'),
  accumulation: z.int().min(1).max(1e5).default(1),
  clip: z.number().min(0).max(1e6).default(1).describe('Largest global gradient norm; 0: no clipping.'),
  // OPT's config says 0.1, which transformers applies when it fine-tunes
  dropout: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe("Share of each attention and feed-forward output dropped while training; a checkpoint's own config is not asked."),
  recompute: z
    .boolean()
    .optional()
    .describe(
      "Keep only what enters each layer and compute the rest again on the way back (transformers' gradient_checkpointing): less memory, more time, the same gradients.",
    ),
};

export const selectionFields = {
  select: z
    .enum(['best', 'last'])
    .default('best')
    .describe('best: the epoch with the lowest loss on the real validation blocks; last: the last.'),
  validateEvery: z
    .int()
    .min(1)
    .max(1e9)
    .optional()
    .describe(
      'A validation after every so many optimiser steps, and after the last: select and patience then mean these in place of epochs. Default: after every epoch.',
    ),
  patience: z
    .int()
    .min(1)
    .max(100_000)
    .nullable()
    .optional()
    .describe('Early stopping: after so many epochs in a row without a lower validation loss. Default: never.'),
};

/** Of language models. */
export const lossFields = {
  loss: lossSchema
    .nullable()
    .optional()
    .describe(
      'What is minimised in place of the cross-entropy. null: the cross-entropy, where generation 0 inherits another loss.',
    ),
};

export type StepPlan = Readonly<z.output<z.ZodObject<typeof stepFields>>>;
export type SelectionPlan = Readonly<z.output<z.ZodObject<typeof selectionFields>>>;

/** All that the training of a language model is told. */
export interface TrainingSettings extends SchedulePlan, OptimizerPlan, StepPlan, SelectionPlan {
  /** train a LoRA adapter and merge it into the model afterwards; absent or null: train all weights */
  readonly lora?: LoraPlan | null;
  /** minimised in place of the cross-entropy, which is validated and selected by; absent: the cross-entropy */
  readonly loss?: LossPlan;
}
