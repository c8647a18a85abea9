/**
 * Linear regression by least squares. The design matrix has isotropic Gaussian rows, is drawn once for a seed, and every generation
 * labels it anew with the fit before it plus noise (Kazdan et al. 2024; Gerstgrasser et al. 2024). A record's place is its row, so
 * whatever a mixture takes from where, a generation of n records has each row as often as the first.
 */
import { MEASURES } from '../measures.js';
import type { RegressionWorld } from '../plan.js';
import type { Draws } from './draws.js';
import { cholesky, solveCholesky, solveLeastNorm } from './linear.js';
import type { ChainFamily } from './types.js';

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
  /** rows x d, row-major; the record at place i of a generation has row i modulo their number */
  readonly design: Float64Array;
  readonly rows: number;
  readonly truth: Float64Array;
  /** XᵀX of places 0 … n-1, by n */
  readonly grams: Map<number, Float64Array>;
  readonly records: boolean;
}

export const regression: ChainFamily<RegressionWorld, World, Data, Model> = {
  name: 'regression',
  version: 2,
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
  real: (world, n, draws, places) => labelled(world, world.truth, n, draws, places),
  generate: (world, { coefficients }, n, draws, places) => labelled(world, coefficients, n, draws, places),
  fit(world, { gram, moment }) {
    const d = world.dimensions;
    const l = cholesky(gram, d);
    // a subsample may hold too few different rows: the shortest of the solutions, as numpy's pinv gives
    for (let i = 0; i < d; i++) if (l[i * d + i] === 0) return { coefficients: solveLeastNorm(gram, moment, d) };
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
  places: ({ rows }) => rows!,
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

function labelled(world: World, w: Float64Array, n: number, draws: Draws, places?: Uint32Array): Data {
  const { dimensions: d, design, noise } = world;
  const rows = places?.map((place) => place % world.rows) ?? Uint32Array.from({ length: n }, (_, i) => i % world.rows);
  const labels = draws.normals(new Float64Array(n));
  const moment = new Float64Array(d);
  rows.forEach((row, r) => {
    let y = noise * labels[r];
    for (let i = 0; i < d; i++) y += design[row * d + i] * w[i];
    labels[r] = y;
    for (let i = 0; i < d; i++) moment[i] += design[row * d + i] * y;
  });
  const data = { n, gram: places ? gramOf(world, rows) : gramOfFirst(world, rows), moment };
  return world.records ? { ...data, rows, labels } : data;
}

/** The rows of places 0 … n-1 are the same in every generation. */
function gramOfFirst(world: World, rows: Uint32Array): Float64Array {
  let gram = world.grams.get(rows.length);
  if (!gram) world.grams.set(rows.length, (gram = gramOf(world, rows)));
  return gram;
}

function gramOf({ dimensions: d, design }: World, rows: Uint32Array): Float64Array {
  const gram = new Float64Array(d * d);
  for (const row of rows)
    for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) gram[i * d + j] += design[row * d + i] * design[row * d + j];
  return gram;
}

function statistics(world: World, rows: Uint32Array, labels: Float64Array): Data {
  const { dimensions: d, design } = world;
  const moment = new Float64Array(d);
  rows.forEach((row, r) => {
    for (let i = 0; i < d; i++) moment[i] += design[row * d + i] * labels[r];
  });
  return { n: rows.length, gram: gramOf(world, rows), moment, rows, labels };
}
