/** Learning-rate schedules: transformers' get_*_schedule_with_warmup a step, torch's CosineAnnealingLR (closed form) an epoch. */
import type { TrainingPlan } from '../../spec/plan.js';

export type SchedulePlan = Pick<
  TrainingPlan,
  'epochs' | 'learningRate' | 'schedule' | 'minLearningRate' | 'scheduleUnit' | 'warmup'
>;

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
