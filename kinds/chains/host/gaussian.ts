/**
 * A Gaussian in d dimensions: sample mean and covariance, divided by n or by n - 1. Data are their sufficient statistics, computed
 * on standard normals and then transformed, so that a variance of 1e-200 is as exact as one of 1.
 */
import { MEASURES } from '../measures.js';
import type { GaussianWorld } from '../plan.js';
import { cholesky, logDeterminant, symmetricEigenvalues } from './linear.js';
import { mergeMoments, momentsOf, type Moments } from './moments.js';
import type { ChainFamily } from './types.js';

export interface GaussianModel {
  /** d */
  readonly mean: Float64Array;
  /** d x d */
  readonly covariance: Float64Array;
}

interface World extends GaussianWorld {
  readonly records: boolean;
}

export const gaussian: ChainFamily<GaussianWorld, World, Moments, GaussianModel> = {
  name: 'gaussian',
  version: 1,
  measures: MEASURES.gaussian,
  world: ({ plan, records }) => ({ ...plan, records }),
  real(world, n, draws) {
    const d = world.dimensions;
    const covariance = new Float64Array(d * d);
    for (let i = 0; i < d; i++) covariance[i * d + i] = world.sigma ** 2;
    return this.generate(world, { mean: new Float64Array(d).fill(world.mean), covariance }, n, draws);
  },
  generate(world, { mean, covariance }, n, draws) {
    const d = mean.length;
    const l = d === 1 ? Float64Array.of(Math.sqrt(covariance[0])) : cholesky(covariance, d);
    const z = draws.normals(new Float64Array(n * d));
    const moments = transformed(momentsOf(z, n, d), mean, l);
    return world.records ? { ...moments, points: transformedPoints(z, n, mean, l) } : moments;
  },
  fit(world, { n, mean, scatter }) {
    const divisor = world.estimator === 'biased' ? n : n - 1;
    return { mean, covariance: scatter.map((s) => s / divisor) };
  },
  merge: (_world, parts) => mergeMoments(parts),
  subset(_world, data, n, draws) {
    const d = data.mean.length;
    const points = new Float64Array(n * d);
    draws.choose(data.n, n).forEach((row, i) => points.set(data.points!.subarray(row * d, (row + 1) * d), i * d));
    return { ...momentsOf(points, n, d), points };
  },
  size: ({ n }) => n,
  measure(world, { mean, covariance }) {
    const d = mean.length;
    let trace = 0;
    let error = 0;
    for (let i = 0; i < d; i++) {
      trace += covariance[i * d + i];
      error += (mean[i] - world.mean) ** 2;
    }
    // the truth is isotropic, so W2² is a sum over the eigenvalues
    const values = d === 1 ? covariance : symmetricEigenvalues(covariance, d);
    let w2 = error;
    for (const value of values) w2 += (Math.sqrt(Math.max(0, value)) - world.sigma) ** 2;
    const logDet = d === 1 ? Math.log(covariance[0]) : logDeterminant(cholesky(covariance, d), d);
    return [trace / d, error / d, logDet / d, Math.sqrt(trace / d), w2 / d];
  },
};

/** Moments of mean + L z from those of z. */
function transformed({ n, mean: zMean, scatter: zScatter }: Moments, mean: Float64Array, l: Float64Array): Moments {
  const d = mean.length;
  if (d === 1)
    return { n, mean: Float64Array.of(mean[0] + l[0] * zMean[0]), scatter: Float64Array.of(l[0] * l[0] * zScatter[0]) };
  const ls = new Float64Array(d * d);
  for (let i = 0; i < d; i++)
    for (let j = 0; j < d; j++) for (let k = 0; k <= i; k++) ls[i * d + j] += l[i * d + k] * zScatter[k * d + j];
  const scatter = new Float64Array(d * d);
  const shifted = Float64Array.from(mean);
  for (let i = 0; i < d; i++) {
    for (let k = 0; k <= i; k++) shifted[i] += l[i * d + k] * zMean[k];
    for (let j = 0; j < d; j++) for (let k = 0; k <= j; k++) scatter[i * d + j] += ls[i * d + k] * l[j * d + k];
  }
  return { n, mean: shifted, scatter };
}

function transformedPoints(z: Float64Array, n: number, mean: Float64Array, l: Float64Array): Float64Array {
  const d = mean.length;
  const points = new Float64Array(n * d);
  for (let r = 0; r < n; r++) {
    for (let i = 0; i < d; i++) {
      let x = mean[i];
      for (let k = 0; k <= i; k++) x += l[i * d + k] * z[r * d + k];
      points[r * d + i] = x;
    }
  }
  return points;
}
