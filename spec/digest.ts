/** The name of what an experiment computes, apart from what it is called and how fast it goes. */
import { digestOf, type Digest } from '../common/canonical.js';
import type { AnyExperimentPlan } from './plan.js';

/** Digest of the part of a plan that determines its numbers: all but name, title and execution. */
export function planDigest(plan: AnyExperimentPlan): Digest {
  const { name: _name, title: _title, execution: _execution, ...determining } = plan;
  return digestOf(determining);
}
