/** What an experiment's plan says of points and flows: plain data, settings complete. Types only, no code. */
import type { OptimizerPlan } from '../../engine/train/optimizers/index.js';
import type { SchedulePlan } from '../../engine/train/schedule.js';
import type { SelectionPlan, StepPlan } from '../../engine/train/settings.js';
import type { SamplePlan } from '../../spec/mixture.js';
import type { MemberExecutionPlan } from '../../spec/plan.js';

/** Real points: independent draws from N(mean, sigma² I), the same for all seeds of an experiment. */
export interface PointDataPlan {
  readonly dimensions: number;
  /** of every coordinate */
  readonly mean: number;
  readonly sigma: number;
  readonly records: { readonly train: number; readonly valid: number; readonly test: number };
  readonly seed: number;
}

export interface FlowTrainingPlan
  extends SchedulePlan, OptimizerPlan, Pick<StepPlan, 'batch' | 'clip'>, Pick<SelectionPlan, 'select'> {}

/** A normalizing flow of one affine layer: x = mean + L z with z standard normal and L lower triangular. */
export interface AffineFlowPlan {
  readonly name: string;
  readonly family: 'affine-flow';
  /** fresh weights: the standard normal */
  readonly base: { readonly kind: 'scratch' };
  readonly start: 'base' | 'generation-0' | 'previous';
  readonly generation0: FlowTrainingPlan;
  readonly training: FlowTrainingPlan;
  /** there is nothing to be set */
  readonly decoding: Readonly<Record<never, never>>;
  readonly sample?: SamplePlan;
  readonly execution?: MemberExecutionPlan;
}
