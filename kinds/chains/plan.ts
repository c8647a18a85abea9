/** What an experiment's plan says of chains of cheap models: plain data, settings complete. Types only, no code. */
import type { MixturePlan, SamplePlan } from '../../spec/mixture.js';
import type { Phase } from '../../spec/phases.js';
import type { ExecutionPlan, Mixed } from '../../spec/plan.js';
import type { SourceClaim } from '../../spec/source-claims.js';
import type { SourceDigests } from '../../spec/sources.js';
import type { GrammarPlan } from '../text/plan.js';

/** Real text, for n-gram models: file:ABSOLUTE-PATH | hf://… | grammar:zipf */
export interface ChainDataPlan {
  readonly train: string;
  readonly test: string;
  /** settings of the built-in grammar, where a source is `grammar:` */
  readonly grammar?: GrammarPlan;
}

/** A model that is fitted in microseconds to seconds, so that whole chains run inside one activity. */
export interface ChainMemberPlan {
  readonly name: string;
  readonly world: WorldPlan;
  /** size 0: as many as the text has tokens */
  readonly sample: SamplePlan;
}

/** A member in a step: from which generation on it has which mixture. */
export interface ChainPart {
  readonly member: ChainMemberPlan;
  readonly mixture: MixturePlan;
  /** where it changes, the first from 0; of members that learn from each other, the same generations for all */
  readonly phases?: readonly { readonly from: number; readonly mixture: MixturePlan }[];
}

/**
 * A block of seeds of one member under one condition, or of members that learn from each other: the unit that survives, resumes and
 * is audited.
 */
export interface ChainRunPlan {
  readonly kind: 'chains';
  readonly experiment: string;
  /** `<condition>/seed-<seed>`, or `<condition>/seeds-<ranges>` (seed-blocks.ts); of several members `<condition>/<member>/…`, tied `<condition>/<a>+<b>/…` */
  readonly id: string;
  readonly condition: string;
  /** the smallest of `seeds` */
  readonly seed: number;
  /** ascending */
  readonly seeds: readonly number[];
  readonly generations: number;
  /** as RunPlan has it */
  readonly until?: number;
  readonly data?: ChainDataPlan;
  readonly sources?: SourceDigests;
  readonly claims?: readonly SourceClaim[];
  readonly member: Mixed<ChainMemberPlan>;
  /** members that it learns from or that learn from it, and theirs; absent of one alone */
  readonly tied?: readonly Mixed<ChainMemberPlan>[];
  /** what becomes of them from a generation on, `member` first; absent where nothing changes */
  readonly phases?: readonly Phase<Mixed<ChainMemberPlan>>[];
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
