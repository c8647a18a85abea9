/** Expectation maximisation for a Gaussian mixture (Dempster, Laird and Rubin 1977), responsibilities in log space. */
import type { Draws } from './draws.js';
import { cholesky, logDeterminant } from './linear.js';

/** k weights, k x d means, k x d x d covariances, row-major. */
export interface MixtureModel {
  readonly weights: Float64Array;
  readonly means: Float64Array;
  readonly covariances: Float64Array;
}

export interface EmSettings {
  readonly components: number;
  /** stop when the mean log-likelihood gains less, nats a record */
  readonly tolerance: number;
  readonly maxIterations: number;
  /** added to the diagonal of every covariance */
  readonly regularization: number;
}

const { exp, log } = Math;

/** @param points n x d, row-major */
export function fitMixture(points: Float64Array, n: number, d: number, settings: EmSettings, draws: Draws): MixtureModel {
  const k = settings.components;
  // n x k
  const responsibilities = hardAssignment(points, n, d, startCentres(points, n, d, k, draws), k);
  let model = maximise(points, n, d, k, responsibilities, settings.regularization);
  let before = -Infinity;
  for (let i = 0; i < settings.maxIterations; i++) {
    const likelihood = expect(points, n, d, k, model, responsibilities);
    model = maximise(points, n, d, k, responsibilities, settings.regularization);
    if (likelihood - before < settings.tolerance) break;
    before = likelihood;
  }
  return model;
}

/** k-means++ (Arthur and Vassilvitskii 2007): each next centre with probability proportional to its squared distance to the nearest. */
function startCentres(points: Float64Array, n: number, d: number, k: number, draws: Draws): Float64Array {
  const centres = new Float64Array(k * d);
  const distance = new Float64Array(n).fill(Infinity);
  let pick = draws.integer(n);
  for (let c = 0; c < k; c++) {
    centres.set(points.subarray(pick * d, (pick + 1) * d), c * d);
    let total = 0;
    for (let r = 0; r < n; r++) {
      let square = 0;
      for (let i = 0; i < d; i++) square += (points[r * d + i] - centres[c * d + i]) ** 2;
      if (square < distance[r]) distance[r] = square;
      total += distance[r];
    }
    let left = draws.uniform() * total;
    pick = 0;
    while (pick < n - 1 && (left -= distance[pick]) >= 0) pick++;
  }
  return centres;
}

function hardAssignment(points: Float64Array, n: number, d: number, centres: Float64Array, k: number): Float64Array {
  const responsibilities = new Float64Array(n * k);
  for (let r = 0; r < n; r++) {
    let best = 0;
    let nearest = Infinity;
    for (let c = 0; c < k; c++) {
      let square = 0;
      for (let i = 0; i < d; i++) square += (points[r * d + i] - centres[c * d + i]) ** 2;
      if (square < nearest) [nearest, best] = [square, c];
    }
    responsibilities[r * k + best] = 1;
  }
  return responsibilities;
}

/** Fills responsibilities (n x k) and gives the mean log-likelihood, nats a record. */
function expect(points: Float64Array, n: number, d: number, k: number, model: MixtureModel, out: Float64Array): number {
  const roots = new Float64Array(k * d * d);
  const constants = new Float64Array(k);
  for (let c = 0; c < k; c++) {
    const l = cholesky(model.covariances.slice(c * d * d, (c + 1) * d * d), d);
    roots.set(l, c * d * d);
    constants[c] = log(model.weights[c]) - 0.5 * (d * log(2 * Math.PI) + logDeterminant(l, d));
  }
  const y = new Float64Array(d);
  let total = 0;
  for (let r = 0; r < n; r++) {
    let largest = -Infinity;
    for (let c = 0; c < k; c++) {
      let square = 0;
      for (let i = 0; i < d; i++) {
        let v = points[r * d + i] - model.means[c * d + i];
        for (let j = 0; j < i; j++) v -= roots[c * d * d + i * d + j] * y[j];
        v /= roots[c * d * d + i * d + i];
        y[i] = v;
        square += v * v;
      }
      const value = constants[c] - 0.5 * square;
      out[r * k + c] = value;
      if (value > largest) largest = value;
    }
    let sum = 0;
    for (let c = 0; c < k; c++) sum += out[r * k + c] = exp(out[r * k + c] - largest);
    for (let c = 0; c < k; c++) out[r * k + c] /= sum;
    total += largest + log(sum);
  }
  return total / n;
}

function maximise(
  points: Float64Array,
  n: number,
  d: number,
  k: number,
  responsibilities: Float64Array,
  regularization: number,
): MixtureModel {
  const weights = new Float64Array(k);
  const means = new Float64Array(k * d);
  const covariances = new Float64Array(k * d * d);
  for (let r = 0; r < n; r++) {
    for (let c = 0; c < k; c++) {
      const p = responsibilities[r * k + c];
      weights[c] += p;
      for (let i = 0; i < d; i++) means[c * d + i] += p * points[r * d + i];
    }
  }
  // a component without records keeps a vanishing weight instead of dividing by zero
  const mass = weights.map((w) => Math.max(w, 1e-12));
  for (let c = 0; c < k; c++) for (let i = 0; i < d; i++) means[c * d + i] /= mass[c];
  for (let r = 0; r < n; r++) {
    for (let c = 0; c < k; c++) {
      const p = responsibilities[r * k + c];
      for (let i = 0; i < d; i++) {
        const di = p * (points[r * d + i] - means[c * d + i]);
        for (let j = 0; j <= i; j++) covariances[c * d * d + i * d + j] += di * (points[r * d + j] - means[c * d + j]);
      }
    }
  }
  for (let c = 0; c < k; c++) {
    for (let i = 0; i < d; i++) {
      for (let j = 0; j <= i; j++) {
        const value = covariances[c * d * d + i * d + j] / mass[c] + (i === j ? regularization : 0);
        covariances[c * d * d + i * d + j] = covariances[c * d * d + j * d + i] = value;
      }
    }
    weights[c] = mass[c];
  }
  const sum = weights.reduce((a, b) => a + b, 0);
  return { weights: weights.map((w) => w / sum), means, covariances };
}
