/** Learning-rate schedules: transformers' get_*_schedule_with_warmup a step, torch's CosineAnnealingLR (closed form) an epoch. */
import { z } from 'zod';

/** The settings: an experiment's grammar and the plan's type are made from them. */
export const scheduleFields = {
  epochs: z.int().min(0).max(100_000).optional().describe('Passes over the training set; 0: none, the model stays as it starts.'),
  maxSteps: z
    .int()
    .min(1)
    .max(1e9)
    .optional()
    .describe('In place of epochs: so many optimiser steps, over the training set as often as that takes.'),
  learningRate: z.number().gt(0).max(10).describe("The optimiser's peak rate."),
  schedule: z.enum(['linear', 'cosine', 'constant']).default('linear'),
  minLearningRate: z.number().min(0).max(10).default(0).describe('Rate at the end of the schedule (cosine: eta_min).'),
  scheduleUnit: z
    .enum(['step', 'epoch'])
    .default('step')
    .describe("The schedule moves every step (Hugging Face) or every epoch (Lightning's CosineAnnealingLR with T_max = epochs)."),
  warmup: z
    .number()
    .min(0)
    .max(1e9)
    .refine((warmup) => warmup < 1 || Number.isInteger(warmup), 'must be a share below 1, or a whole number of steps')
    .default(0)
    .describe('Linear warm-up: below 1 as a share of all steps, from 1 on as so many steps.'),
};

export type SchedulePlan = Readonly<z.output<z.ZodObject<typeof scheduleFields>>>;

/** Optimiser steps of a whole training. */
export function stepsOf({ epochs = 0, maxSteps }: SchedulePlan, stepsPerEpoch: number): number {
  return maxSteps ?? epochs * stepsPerEpoch;
}

/**
 * The learning rate of optimiser step `step` (from 0). Warm-up rises linearly from 0 over ceil(warmup · steps) steps, or `warmup`
 * where that is a number of steps, as transformers' Trainer counts them; then the schedule falls from learningRate towards minLearningRate.
 */
export function learningRateAt(plan: SchedulePlan, step: number, stepsPerEpoch: number): number {
  const steps = stepsOf(plan, stepsPerEpoch);
  const warmupSteps = plan.warmup < 1 ? Math.ceil(plan.warmup * steps) : plan.warmup;
  const rise = step < warmupSteps ? step / warmupSteps : 1;
  const progress =
    plan.scheduleUnit === 'step'
      ? Math.max(0, step - warmupSteps) / Math.max(1, steps - warmupSteps)
      : Math.floor(step / stepsPerEpoch) / plan.epochs!;
  return rise * (plan.minLearningRate + (plan.learningRate - plan.minLearningRate) * remaining(plan.schedule, progress));
}

/** From 1 at progress 0 to 0 at progress 1. */
function remaining(schedule: SchedulePlan['schedule'], progress: number): number {
  switch (schedule) {
    case 'constant':
      return 1;
    case 'linear':
      return 1 - progress;
    case 'cosine':
      return (1 + Math.cos(Math.PI * progress)) / 2;
  }
}
