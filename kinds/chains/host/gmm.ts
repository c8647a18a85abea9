/** A mixture of Gaussians with full covariances, fitted by EM in log space from a k-means++ start. */
import { MEASURES } from '../measures.js';
import type { GmmWorld } from '../plan.js';
import { mixtureMoments } from '../truth.js';
import { AliasTable } from './draws.js';
import type { Draws } from './draws.js';
import { fitMixture, type MixtureModel } from './em.js';
import { cholesky, logDeterminant, solveLower } from './linear.js';
import type { ChainFamily } from './types.js';

/** n x d, row-major */
interface Points {
  readonly n: number;
  readonly points: Float64Array;
}

interface World extends GmmWorld {
  readonly dimensions: number;
  readonly real: MixtureModel;
}

export const gmm: ChainFamily<GmmWorld, World, Points, MixtureModel> = {
  name: 'gmm',
  version: 1,
  measures: MEASURES.gmm,
  world({ plan }) {
    const d = plan.truth[0].mean.length;
    const real: MixtureModel = {
      weights: Float64Array.from(plan.truth, ({ weight }) => weight),
      means: Float64Array.from(plan.truth.flatMap(({ mean }) => mean)),
      covariances: Float64Array.from(
        plan.truth.flatMap(({ sigma }) => Array.from({ length: d * d }, (_, i) => (i % (d + 1) === 0 ? sigma ** 2 : 0))),
      ),
    };
    return { ...plan, dimensions: d, real };
  },
  real: (world, n, draws) => sample(world.real, world.dimensions, n, draws),
  generate: (world, model, n, draws) => sample(model, world.dimensions, n, draws),
  fit: (world, { n, points }, draws) => fitMixture(points, n, world.dimensions, world, draws),
  merge(_world, parts) {
    const points = new Float64Array(parts.reduce((sum, part) => sum + part.points.length, 0));
    let at = 0;
    for (const part of parts) {
      points.set(part.points, at);
      at += part.points.length;
    }
    return { n: parts.reduce((sum, part) => sum + part.n, 0), points };
  },
  subset({ dimensions: d }, data, n, draws) {
    const points = new Float64Array(n * d);
    draws.choose(data.n, n).forEach((row, i) => points.set(data.points.subarray(row * d, (row + 1) * d), i * d));
    return { n, points };
  },
  size: ({ n }) => n,
  measure(world, model) {
    const d = world.dimensions;
    const k = model.weights.length;
    const distance = inner(model, model, d) + inner(world.real, world.real, d) - 2 * inner(model, world.real, d);
    let deviation = 0;
    let trace = 0;
    let error = 0;
    const mean = new Float64Array(d);
    for (let c = 0; c < k; c++) {
      let own = 0;
      for (let i = 0; i < d; i++) {
        own += model.covariances[c * d * d + i * (d + 1)];
        mean[i] += model.weights[c] * model.means[c * d + i];
      }
      deviation += Math.sqrt(own / d) / k;
      trace += model.weights[c] * own;
    }
    const truth = mixtureMoments(world.truth).mean;
    for (let i = 0; i < d; i++) {
      for (let c = 0; c < k; c++) trace += model.weights[c] * (model.means[c * d + i] - mean[i]) ** 2;
      error += (mean[i] - truth[i]) ** 2;
    }
    return [Math.max(0, distance), deviation, trace / d, error / d];
  },
};

function sample({ weights, means, covariances }: MixtureModel, d: number, n: number, draws: Draws): Points {
  const which = new AliasTable(weights);
  const roots = Array.from(weights, (_, c) => cholesky(covariances.slice(c * d * d, (c + 1) * d * d), d));
  const points = draws.normals(new Float64Array(n * d));
  for (let r = 0; r < n; r++) {
    const c = which.draw(draws);
    const z = points.slice(r * d, (r + 1) * d);
    for (let i = 0; i < d; i++) {
      let x = means[c * d + i];
      for (let j = 0; j <= i; j++) x += roots[c][i * d + j] * z[j];
      points[r * d + i] = x;
    }
  }
  return { n, points };
}

/** ∫ p q = Σ a b N(mean difference; 0, sum of covariances). */
function inner(p: MixtureModel, q: MixtureModel, d: number): number {
  let sum = 0;
  for (let a = 0; a < p.weights.length; a++) {
    for (let b = 0; b < q.weights.length; b++) {
      const l = cholesky(
        Float64Array.from({ length: d * d }, (_, i) => p.covariances[a * d * d + i] + q.covariances[b * d * d + i]),
        d,
      );
      const difference = Float64Array.from({ length: d }, (_, i) => p.means[a * d + i] - q.means[b * d + i]);
      const y = solveLower(l, difference, d);
      const square = y.reduce((s, v) => s + v * v, 0);
      sum += p.weights[a] * q.weights[b] * Math.exp(-0.5 * (d * Math.log(2 * Math.PI) + logDeterminant(l, d) + square));
    }
  }
  return sum;
}
