/** What an experiment of cheap models expands into: plain data, settings complete. Types only, no code. */
import type { MixturePlan, SamplePlan } from '../mixture.js';
import type { ExecutionPlan } from '../plan.js';
import type { SourceClaim } from '../source-claims.js';
import type { SourceDigests } from '../sources.js';

/** An experiment whose models are fitted in microseconds to seconds, so that whole chains run inside one activity. */
export interface SimulationPlan {
  readonly kind: 'simulation';
  readonly schemaVersion: 1;
  readonly name: string;
  readonly title?: string;
  readonly seeds: readonly number[];
  /** the last generation: 0 fits real data, 1 … generations fit what a mixture draws */
  readonly generations: number;
  /** real text, for n-gram models */
  readonly data?: SimulationData;
  /** what its local files hold; absent before the plan is made ready to run */
  readonly sources?: SourceDigests;
  readonly claims?: readonly SourceClaim[];
  /** one member */
  readonly population: readonly SimulatedMember[];
  readonly conditions: readonly SimulatedCondition[];
  readonly execution: ExecutionPlan;
}

/** file:ABSOLUTE-PATH | hf://… | grammar:zipf with its default settings */
export interface SimulationData {
  readonly train: string;
  readonly test: string;
}

export interface SimulatedMember {
  readonly name: string;
  readonly world: WorldPlan;
  readonly sample: SamplePlan;
}

export interface SimulatedCondition {
  readonly name: string;
  readonly mixture: MixturePlan;
  /** the condition's overrides already applied */
  readonly members: readonly SimulatedMember[];
}

/** A block of seeds under one condition: the unit that survives, resumes and is audited. */
export interface SimulationRunPlan {
  readonly kind: 'simulation';
  readonly experiment: string;
  /** `<condition>/seed-<seed>`, or `<condition>/seeds-<ranges>` (spec/simulation/seed-blocks.ts) */
  readonly id: string;
  readonly condition: string;
  /** the smallest of `seeds` */
  readonly seed: number;
  /** ascending */
  readonly seeds: readonly number[];
  readonly generations: number;
  readonly data?: SimulationData;
  readonly sources?: SourceDigests;
  readonly claims?: readonly SourceClaim[];
  readonly member: SimulatedMember;
  readonly mixture: MixturePlan;
  readonly execution: ExecutionPlan;
}

export type WorldPlan = DiscreteWorld | GaussianWorld | GmmWorld | KdeWorld | RegressionWorld | NgramWorld;

/** Frequencies over K states. */
export interface DiscreteWorld {
  readonly family: 'discrete';
  readonly states: number;
  /** p(i) proportional to i^-zipf; 0: uniform */
  readonly zipf: number;
}

/** Mean and covariance of N(mean, sigma^2 I). */
export interface GaussianWorld {
  readonly family: 'gaussian';
  readonly dimensions: number;
  /** every coordinate's */
  readonly mean: number;
  readonly sigma: number;
  /** divisor of the covariance: n, or n - 1 */
  readonly estimator: 'biased' | 'unbiased';
}

export interface GaussianComponent {
  readonly weight: number;
  readonly mean: readonly number[];
  /** isotropic standard deviation */
  readonly sigma: number;
}

/** A mixture of Gaussians with full covariances, fitted by EM. */
export interface GmmWorld {
  readonly family: 'gmm';
  readonly truth: readonly GaussianComponent[];
  readonly components: number;
  /** EM stops when the mean log-likelihood gains less */
  readonly tolerance: number;
  readonly maxIterations: number;
  /** added to every variance */
  readonly regularization: number;
}

/** A Gaussian kernel density estimate in the plane. */
export interface KdeWorld {
  readonly family: 'kde';
  readonly shape: 'normal' | 'blobs' | 'circles' | 'moons';
  /** a width, or scikit-learn's rule: n^(-1/6), or the same with Silverman's factor */
  readonly bandwidth: number | 'scott' | 'silverman';
  /** real records, never trained on, that the density is scored on */
  readonly test: number;
}

/** y = X w + noise, fitted by least squares; X is drawn once and used by every generation. */
export interface RegressionWorld {
  readonly family: 'regression';
  readonly dimensions: number;
  /** standard deviation of the noise, known to the generator */
  readonly noise: number;
}

/** Maximum-likelihood n-gram counts of real text. */
export interface NgramWorld {
  readonly family: 'n-gram';
  readonly order: 1 | 2 | 3;
  /** weights in the scoring model, from the highest order down to uniform; they sum to 1 */
  readonly interpolation: readonly number[];
  /** the tail: the rarest types that together have this share of the real tokens */
  readonly tail: number;
}
