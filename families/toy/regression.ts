/**
 * Linear regression by least squares. The design matrix has isotropic Gaussian rows, is drawn once for a seed, and every generation
 * labels it anew with the fit before it plus noise (Kazdan et al. 2024; Gerstgrasser et al. 2024).
 */
import { HabsburgError } from '../../common/errors.js';
import { MEASURES } from '../../spec/simulation/measures.js';
import type { RegressionWorld } from '../../spec/simulation/plan.js';
import type { Draws } from './draws.js';
import { cholesky, solveCholesky } from './linear.js';
import type { ToyFamily } from './types.js';

interface Data {
  readonly n: number;
  /** d x d: XᵀX of the rows */
  readonly gram: Float64Array;
  /** d: Xᵀy */
  readonly moment: Float64Array;
  /** where single records are kept: their rows of the design and their labels */
  readonly rows?: Uint32Array;
  readonly labels?: Float64Array;
}

/** d coefficients */
interface Model {
  readonly coefficients: Float64Array;
}

interface World extends RegressionWorld {
  /** rows x d, row-major; record i of a dataset has row i modulo their number */
  readonly design: Float64Array;
  readonly rows: number;
  readonly truth: Float64Array;
  /** XᵀX of the first n rows, by n */
  readonly grams: Map<number, Float64Array>;
  readonly records: boolean;
}

export const regression: ToyFamily<RegressionWorld, World, Data, Model> = {
  name: 'regression',
  version: 1,
  measures: MEASURES.regression,
  world({ plan, size, records, draws }) {
    const d = plan.dimensions;
    return {
      ...plan,
      rows: size,
      design: draws.normals(new Float64Array(size * d)),
      truth: draws.normals(new Float64Array(d)).map((w) => w / Math.sqrt(d)),
      grams: new Map(),
      records,
    };
  },
  real: (world, n, draws) => labelled(world, world.truth, n, draws),
  generate: (world, { coefficients }, n, draws) => labelled(world, coefficients, n, draws),
  fit(world, { n, gram, moment }) {
    const d = world.dimensions;
    const l = cholesky(gram, d);
    for (let i = 0; i < d; i++) {
      if (l[i * d + i] === 0)
        throw new HabsburgError('invalid', `${n} records do not determine ${d} coefficients; use a larger sample`);
    }
    return { coefficients: solveCholesky(l, moment, d) };
  },
  merge(_world, parts) {
    const [first, ...rest] = parts;
    const gram = Float64Array.from(first.gram);
    const moment = Float64Array.from(first.moment);
    let n = first.n;
    for (const part of rest) {
      part.gram.forEach((g, i) => (gram[i] += g));
      part.moment.forEach((m, i) => (moment[i] += m));
      n += part.n;
    }
    if (!first.rows) return { n, gram, moment };
    return {
      n,
      gram,
      moment,
      rows: Uint32Array.from(parts.flatMap(({ rows }) => [...rows!])),
      labels: Float64Array.from(parts.flatMap(({ labels }) => [...labels!])),
    };
  },
  subset(world, data, n, draws) {
    const picked = draws.choose(data.n, n);
    return statistics(
      world,
      picked.map((i) => data.rows![i]),
      Float64Array.from(picked, (i) => data.labels![i]),
    );
  },
  size: ({ n }) => n,
  measure(world, { coefficients }) {
    let error = 0;
    let norm = 0;
    coefficients.forEach((w, i) => {
      error += (w - world.truth[i]) ** 2;
      norm += w * w;
    });
    return [error, norm];
  },
};

function labelled(world: World, w: Float64Array, n: number, draws: Draws): Data {
  const { dimensions: d, design, noise } = world;
  const labels = draws.normals(new Float64Array(n));
  const moment = new Float64Array(d);
  for (let r = 0; r < n; r++) {
    const row = (r % world.rows) * d;
    let y = noise * labels[r];
    for (let i = 0; i < d; i++) y += design[row + i] * w[i];
    labels[r] = y;
    for (let i = 0; i < d; i++) moment[i] += design[row + i] * y;
  }
  const data = { n, gram: gramOf(world, n), moment };
  return world.records ? { ...data, rows: Uint32Array.from({ length: n }, (_, r) => r % world.rows), labels } : data;
}

function gramOf(world: World, n: number): Float64Array {
  let gram = world.grams.get(n);
  if (!gram) {
    gram = statistics(
      world,
      Uint32Array.from({ length: n }, (_, r) => r % world.rows),
      new Float64Array(n),
    ).gram;
    world.grams.set(n, gram);
  }
  return gram;
}

function statistics({ dimensions: d, design }: World, rows: Uint32Array, labels: Float64Array): Data {
  const gram = new Float64Array(d * d);
  const moment = new Float64Array(d);
  rows.forEach((row, r) => {
    for (let i = 0; i < d; i++) {
      const x = design[row * d + i];
      moment[i] += x * labels[r];
      for (let j = 0; j < d; j++) gram[i * d + j] += x * design[row * d + j];
    }
  });
  return { n: rows.length, gram, moment, rows, labels };
}
