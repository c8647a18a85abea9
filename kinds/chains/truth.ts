/** Numbers that follow from a world's settings alone; families draw from them and laws compute with them. */
import type { DiscreteWorld, GaussianComponent, KdeWorld, WorldPlan } from './plan.js';

type SettingsOf<F extends WorldPlan['family']> = readonly Exclude<keyof Extract<WorldPlan, { family: F }>, 'family'>[];

/** Of each family the settings that say what is true: no phase changes them, and members that learn from each other have them alike. */
export const TRUTH: { readonly [F in WorldPlan['family']]: SettingsOf<F> } = {
  gaussian: ['dimensions', 'mean', 'sigma'],
  discrete: ['states', 'zipf'],
  gmm: ['truth'],
  kde: ['shape'],
  regression: ['dimensions', 'noise'],
  'n-gram': [],
};

/** p(i) proportional to i^-zipf, i = 1 … K; sum 1. */
export function zipfProbabilities({ states, zipf }: Pick<DiscreteWorld, 'states' | 'zipf'>): Float64Array {
  const p = Float64Array.from({ length: states }, (_, i) => (i + 1) ** -zipf);
  const sum = p.reduce((a, b) => a + b, 0);
  return p.map((x) => x / sum);
}

/** Total mean and per-coordinate variance (trace over d) of a mixture of isotropic Gaussians whose weights sum to 1. */
export function mixtureMoments(components: readonly GaussianComponent[]): { mean: number[]; variance: number } {
  const d = components[0].mean.length;
  const mean = Array.from({ length: d }, (_, i) => components.reduce((sum, c) => sum + c.weight * c.mean[i], 0));
  const trace = components.reduce(
    (sum, c) => sum + c.weight * (d * c.sigma ** 2 + c.mean.reduce((s, m, i) => s + (m - mean[i]) ** 2, 0)),
    0,
  );
  return { mean, variance: trace / d };
}

/** Noise of the two curves, standard deviation. */
export const CURVE_NOISE = 0.05;
/** Radius of the inner circle; the outer one's is 1. */
export const INNER_RADIUS = 0.5;
/** Three clusters, as a mixture. */
export const BLOBS: readonly GaussianComponent[] = [
  { weight: 1 / 3, mean: [-2, 0], sigma: 0.5 },
  { weight: 1 / 3, mean: [2, 0], sigma: 0.5 },
  { weight: 1 / 3, mean: [0, 3], sigma: 0.5 },
];

/** Mean and per-coordinate variance of a plane shape. */
export function shapeMoments(shape: KdeWorld['shape']): { mean: number[]; variance: number } {
  switch (shape) {
    case 'normal':
      return { mean: [0, 0], variance: 1 };
    case 'blobs':
      return mixtureMoments(BLOBS);
    case 'circles':
      return { mean: [0, 0], variance: (1 + INNER_RADIUS ** 2) / 4 + CURVE_NOISE ** 2 };
    case 'moons': {
      // upper (cos a, sin a), lower (1 - cos a, 1/2 - sin a), a uniform in [0, π]
      const height = 2 / Math.PI;
      const mean = [0.5, 0.25];
      const trace = 0.5 + 0.25 + (0.5 - height ** 2) + (height - mean[1]) ** 2;
      return { mean, variance: trace / 2 + CURVE_NOISE ** 2 };
    }
  }
}

/** Kernel width for n records in the plane: a number, or scikit-learn's n^(-1/(d+4)), for Silverman times ((d+2)/4)^(-1/(d+4)) = 1. */
export function bandwidthOf(bandwidth: KdeWorld['bandwidth'], n: number): number {
  return typeof bandwidth === 'number' ? bandwidth : n ** (-1 / 6);
}
