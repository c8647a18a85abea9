/** A Gaussian kernel density estimate in the plane: writing is picking a training record and adding the kernel's noise. */
import { MEASURES } from '../measures.js';
import type { KdeWorld } from '../plan.js';
import { BLOBS, CURVE_NOISE, INNER_RADIUS, bandwidthOf, shapeMoments } from '../truth.js';
import type { Draws } from './draws.js';
import { momentsOf } from './moments.js';
import type { ChainFamily } from './types.js';

const D = 2;

/** n x 2, row-major */
interface Points {
  readonly points: Float64Array;
}

interface Model extends Points {
  readonly bandwidth: number;
}

interface World extends KdeWorld {
  /** real records that no model is fitted to */
  readonly held: Float64Array;
}

export const kde: ChainFamily<KdeWorld, World, Points, Model> = {
  name: 'kde',
  version: 1,
  measures: MEASURES.kde,
  world: ({ plan, draws }) => ({ ...plan, held: shapePoints(plan.shape, plan.test, draws) }),
  real: (world, n, draws) => ({ points: shapePoints(world.shape, n, draws) }),
  fit: (world, { points }) => ({ points, bandwidth: bandwidthOf(world.bandwidth, points.length / D) }),
  generate(_world, { points, bandwidth }, n, draws) {
    const out = draws.normals(new Float64Array(n * D));
    for (let r = 0; r < n; r++) {
      const from = draws.integer(points.length / D);
      for (let i = 0; i < D; i++) out[r * D + i] = points[from * D + i] + bandwidth * out[r * D + i];
    }
    return { points: out };
  },
  merge(_world, parts) {
    const points = new Float64Array(parts.reduce((sum, part) => sum + part.points.length, 0));
    let at = 0;
    for (const part of parts) {
      points.set(part.points, at);
      at += part.points.length;
    }
    return { points };
  },
  subset(_world, data, n, draws) {
    const points = new Float64Array(n * D);
    draws.choose(data.points.length / D, n).forEach((row, i) => points.set(data.points.subarray(row * D, (row + 1) * D), i * D));
    return { points };
  },
  size: ({ points }) => points.length / D,
  measure(world, { points, bandwidth }) {
    const n = points.length / D;
    const { mean, scatter } = momentsOf(points, n, D);
    const truth = shapeMoments(world.shape).mean;
    const variance = (scatter[0] + scatter[3]) / (D * n) + bandwidth ** 2;
    const error = ((mean[0] - truth[0]) ** 2 + (mean[1] - truth[1]) ** 2) / D;
    return [meanNll(points, bandwidth, world.held), variance, error];
  },
};

/** Mean of -log (1/n) Σ N(x; point, h² I) over the test records, in log space. */
function meanNll(points: Float64Array, h: number, test: Float64Array): number {
  const n = points.length / D;
  const scale = -0.5 / (h * h);
  let total = 0;
  for (let t = 0; t < test.length; t += D) {
    let nearest = Infinity;
    for (let p = 0; p < points.length; p += D) {
      nearest = Math.min(nearest, (test[t] - points[p]) ** 2 + (test[t + 1] - points[p + 1]) ** 2);
    }
    let sum = 0;
    for (let p = 0; p < points.length; p += D) {
      sum += Math.exp(scale * ((test[t] - points[p]) ** 2 + (test[t + 1] - points[p + 1]) ** 2 - nearest));
    }
    total -= scale * nearest + Math.log(sum / n) - Math.log(2 * Math.PI * h * h);
  }
  return total / (test.length / D);
}

/** n x 2 records of a shape. */
function shapePoints(shape: KdeWorld['shape'], n: number, draws: Draws): Float64Array {
  const out = draws.normals(new Float64Array(n * D));
  if (shape === 'normal') return out;
  for (let r = 0; r < n; r++) {
    const [x, y] = [out[r * D], out[r * D + 1]];
    const which = draws.uniform();
    if (shape === 'blobs') {
      const { mean, sigma } = BLOBS[Math.floor(which * BLOBS.length)];
      out.set([mean[0] + sigma * x, mean[1] + sigma * y], r * D);
      continue;
    }
    const u = draws.uniform();
    if (shape === 'circles') {
      const radius = which < 0.5 ? 1 : INNER_RADIUS;
      const angle = 2 * Math.PI * u;
      out.set([radius * Math.cos(angle) + CURVE_NOISE * x, radius * Math.sin(angle) + CURVE_NOISE * y], r * D);
    } else {
      const [c, s] = [Math.cos(Math.PI * u), Math.sin(Math.PI * u)];
      const at = which < 0.5 ? [c, s] : [1 - c, 0.5 - s];
      out.set([at[0] + CURVE_NOISE * x, at[1] + CURVE_NOISE * y], r * D);
    }
  }
  return out;
}
