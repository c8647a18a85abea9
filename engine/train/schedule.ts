/** Learning-rate schedules: transformers' get_*_schedule_with_warmup a step, torch's CosineAnnealingLR (closed form) an epoch. */
import { z } from 'zod';

/** The settings: an experiment's grammar and the plan's type are made from them. */
export const scheduleFields = {
  epochs: z.int().min(1).max(100_000),
  learningRate: z.number().gt(0).max(10).describe("The optimiser's peak rate."),
  schedule: z.enum(['linear', 'cosine', 'constant']).default('linear'),
  minLearningRate: z.number().min(0).max(10).default(0).describe('Rate at the end of the schedule (cosine: eta_min).'),
  scheduleUnit: z
    .enum(['step', 'epoch'])
    .default('step')
    .describe("The schedule moves every step (Hugging Face) or every epoch (Lightning's CosineAnnealingLR with T_max = epochs)."),
  warmup: z.number().min(0).lt(1).default(0).describe('Linear warm-up, as a share of all steps.'),
};

export type SchedulePlan = Readonly<z.output<z.ZodObject<typeof scheduleFields>>>;

/**
 * The learning rate of optimiser step `step` (from 0). Warm-up rises linearly from 0 over ceil(warmup · steps) steps, as
 * transformers' Trainer counts them; then the schedule falls from learningRate towards minLearningRate.
 */
export function learningRateAt(plan: SchedulePlan, step: number, stepsPerEpoch: number): number {
  const steps = plan.epochs * stepsPerEpoch;
  const warmupSteps = Math.ceil(plan.warmup * steps);
  const rise = step < warmupSteps ? step / warmupSteps : 1;
  const progress =
    plan.scheduleUnit === 'step'
      ? Math.max(0, step - warmupSteps) / Math.max(1, steps - warmupSteps)
      : Math.floor(step / stepsPerEpoch) / plan.epochs;
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
