/**
 * How the expected variance and squared error of a fitted model move from generation to generation, exactly, under every mixture.
 * The argument needs two things only, so one recursion serves Gaussians, Gaussian mixtures, kernel densities and frequencies: the
 * fitted distribution has the training set's mean, and its variance is the training set's times a factor plus a constant.
 */
import { sizeAt, type MixtureRule, type SamplePlan } from '../../../spec/mixture.js';

export interface MomentWorld {
  /** the truth's variance, per coordinate; for frequencies 1 - sum p² */
  readonly variance: number;
  /** fitted variance = factor(n) x variance of the n training records (divisor n) + inflation(n) */
  readonly factor: (n: number) => number;
  readonly inflation: (n: number) => number;
}

export interface ExpectedMoments {
  /** E[fitted variance] */
  readonly variance: number;
  /** E[(fitted mean - true mean)²] */
  readonly squaredError: number;
}

/**
 * Expectations for generations 0 … last. For `replace` with divisor n this is the law (1 - 1/n)^t of Shumailov et al. 2024, for
 * `accumulate` the product of 1 - 1/(n s²) (Kazdan et al. 2024, Gerstgrasser et al. 2024); the others follow in the same way.
 */
export function expectedMoments(world: MomentWorld, sample: SamplePlan, mixture: MixtureRule, last: number): ExpectedMoments[] {
  const sigma2 = world.variance;
  const size = (t: number) => sizeAt(sample, t);
  const n0 = size(0);
  const fitted = (second: number, error: number, n: number) => world.factor(n) * (second - error) + world.inflation(n);
  let a = sigma2 / n0;
  let v = fitted(sigma2, a, n0);
  const out: ExpectedMoments[] = [{ variance: v, squaredError: a }];
  // a, v: error and variance of model t-1. Mean of the first real set: its variance, and its covariance with the last fitted mean.
  const real = sigma2 / n0;
  let withReal = real;
  // the pool: records, E[(mean - true mean)²], E[second moment about the true mean]
  let pooled = n0;
  let poolError = real;
  let poolSecond = sigma2;
  // two generations back, for weights
  let a2 = 0;
  let v2 = 0;
  let a12 = 0;
  let hasEarlier = false;
  for (let t = 1; t <= last; t++) {
    const n = size(t);
    let trained = n;
    let error: number;
    let second: number;
    switch (mixture.kind) {
      case 'replace':
        error = a + v / n;
        second = v + a;
        break;
      case 'fresh': {
        const k = Math.round(mixture.share * n);
        const m = n - k;
        error = (m * m * a + m * v + k * sigma2) / (n * n);
        second = (m * (v + a) + k * sigma2) / n;
        break;
      }
      case 'keep-share': {
        const k = Math.min(Math.round(mixture.share * n), n0);
        const m = n - k;
        error = (k * sigma2 + 2 * k * m * withReal + m * m * a + m * v) / (n * n);
        second = (k * sigma2 + m * (v + a)) / n;
        withReal = (k * real + m * withReal) / n;
        break;
      }
      case 'fixed-real':
        trained = n0 + n;
        error = (n0 * n0 * real + 2 * n0 * n * withReal + n * n * a + n * v) / (trained * trained);
        second = (n0 * sigma2 + n * (v + a)) / trained;
        withReal = (n0 * real + n * withReal) / trained;
        break;
      case 'accumulate':
        // model t-1 has the pool's mean, so only the new records' noise is added
        trained = pooled + n;
        error = a + (n * v) / (trained * trained);
        second = (pooled * poolSecond + n * (v + a)) / trained;
        pooled = trained;
        poolSecond = second;
        break;
      case 'accumulate-subsample': {
        const total = pooled + n;
        // E[subset mean | pool] = pool mean
        const mean2 = (pooled * pooled * poolError + 2 * pooled * n * poolError + n * n * a + n * v) / (total * total);
        second = (pooled * poolSecond + n * (v + a)) / total;
        error = mean2 + ((second - mean2) / n) * ((total - n) / (total - 1));
        pooled = total;
        poolError = mean2;
        poolSecond = second;
        break;
      }
      case 'weights': {
        const { alpha, gamma } = mixture;
        const beta = hasEarlier ? mixture.beta : 0;
        const fresh = hasEarlier ? gamma : gamma + mixture.beta;
        const pair = alpha * alpha * a + beta * beta * a2 + 2 * alpha * beta * a12;
        second = alpha * (v + a) + beta * (v2 + a2) + fresh * sigma2;
        error = second / n + (1 - 1 / n) * pair;
        a12 = alpha * a + beta * a12;
        a2 = a;
        v2 = v;
        hasEarlier = true;
        break;
      }
    }
    a = error;
    v = fitted(second, error, trained);
    out.push({ variance: v, squaredError: a });
  }
  return out;
}
