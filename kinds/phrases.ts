/** What each kind says of its members and data, and the phrases that they share. */
import type { SamplePlan } from '../spec/mixture.js';

/** @typeParam M a member @typeParam D its data */
export interface Words<M, D> {
  /** for the head of a page: what generation 0 and each later one do */
  sentence(member: M, data: D | undefined): string;
  /** on a line of its own */
  brief(member: M): string;
  data(data: D): DataWords;
}

export interface DataWords {
  readonly head: string;
  /** each split and what it is */
  readonly splits: readonly (readonly [string, string])[];
  /** what the step prepare makes of them; absent: there is no such step */
  readonly prepared?: string;
}

export const startWords = (start: 'base' | 'generation-0' | 'previous', base: string): string =>
  ({ base, 'generation-0': 'model 0', previous: 'the model before it' })[start];

/** "300 blocks of ", before what they are drawn from. */
export function sampled(sample: SamplePlan | undefined, unit: string): string {
  if (sample === undefined) return '';
  return `${sample.size} ${unit}${sample.growth === 0 ? '' : ` (generation t: ${sample.size} (t+1)^${sample.growth})`} of `;
}

/** "; 300 records a generation" */
export function sampleWords(sample: SamplePlan | undefined): string {
  if (sample === undefined) return '';
  return `; ${sample.size}${sample.growth === 0 ? '' : ` (t+1)^${sample.growth}`} records a generation`;
}
