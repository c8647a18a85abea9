/**
 * Adafactor (Shazeer & Stern 2018, arXiv:1804.04235) with a given rate, as transformers' with scale_parameter, relative_step and
 * warmup_init off and without first moments: of a matrix it keeps the mean squares of rows and columns alone.
 */
import { z } from 'zod';
import { ADAFACTOR_KERNELS } from './adafactor-kernels.js';
import type { OptimizerKind, Parameter } from './types.js';

export interface AdafactorSettings {
  readonly clipThreshold: number;
  readonly decayRate: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

export const adafactor: OptimizerKind<AdafactorSettings> = {
  words: 'Adafactor',
  settings: {
    clipThreshold: {
      schema: z.number().gt(0).max(1e6),
      default: 1,
      help: "largest root mean square of a parameter's update, before the rate",
      words: (value) => `clip threshold ${value}`,
    },
    decayRate: {
      schema: z.number().lt(0).min(-10),
      default: -0.8,
      help: 'step t keeps 1 - t^decayRate of the mean squares',
      words: (value) => `decay rate ${value}`,
    },
    epsilon: {
      schema: z.number().gt(0).max(1),
      default: 1e-30,
      help: 'added to the squares',
      words: (value) => `epsilon ${value}`,
    },
    weightDecay: {
      schema: z.number().min(0).max(1),
      default: 0,
      help: 'decoupled, on every parameter',
      words: (value) => `weight decay ${value}`,
    },
  },
  rule: ({ clipThreshold, decayRate, epsilon, weightDecay }) => ({
    functions: ADAFACTOR_KERNELS,
    scratch: (shape) => 8 * (shape.at(-1) ?? 1),
    init: (shape): Record<string, readonly number[]> =>
      shape.length < 2 ? { second: shape } : { row: shape.slice(0, -1), column: [...shape.slice(0, -2), shape.at(-1)!] },
    update(parameter, { number, learningRate, coefficient }) {
      const beta = 1 - number ** decayRate;
      updateMeans(parameter, (old, square) => beta * old + (1 - beta) * (coefficient ** 2 * square + epsilon));
      const rms = coefficient * Math.sqrt(sumOfSquares(parameter) / parameter.gradient.length);
      const rate = (coefficient * learningRate) / Math.max(1, rms / clipThreshold);
      takeStep(parameter, 1 - weightDecay * learningRate, rate);
    },
  }),
};

/** The last two dimensions are matrices, others number them; a vector is a matrix of one row, whose mean squares are its columns'. */
function matricesOf({ shape, state }: Parameter) {
  const columns = shape.at(-1) ?? 1;
  const rows = shape.at(-2) ?? 1;
  const column = state.column ?? state.second;
  // kernels take whole vectors, and what is left of a row is done here
  return { rows, columns, whole: columns - (columns % 4), count: column.length / columns, row: state.row, column };
}

/** @param average of the mean square so far and of this step's */
function updateMeans(parameter: Parameter, average: (old: number, square: number) => number): void {
  const { kernels, gradient, at } = parameter;
  const { rows, columns, whole, count, row, column } = matricesOf(parameter);
  const sums = new Float64Array(gradient.buffer, at.scratch, columns);
  for (let matrix = 0; matrix < count; matrix++) {
    sums.fill(0);
    for (let i = matrix * rows; i < (matrix + 1) * rows; i++) {
      const from = i * columns;
      const g = at.gradient + 4 * from;
      let sum = kernels.addSquares(g, g + 4 * whole, at.scratch);
      for (let j = whole; j < columns; j++) {
        const square = gradient[from + j] ** 2;
        sum += square;
        sums[j] += square;
      }
      if (row !== undefined) row[i] = average(row[i], sum / columns);
    }
    for (let j = 0, k = matrix * columns; j < columns; j++, k++) column[k] = average(column[k], sums[j] / rows);
  }
}

/** A number of the gradient times its row's and its column's factor is its update; columns' go to the scratch space. */
function factorsOf(parameter: Parameter, matrix: number): { ofRow: Float64Array; ofColumn: Float32Array } {
  const { rows, columns, row, column } = matricesOf(parameter);
  const ofColumn = new Float32Array(parameter.gradient.buffer, parameter.at.scratch, columns);
  for (let j = 0, k = matrix * columns; j < columns; j++, k++) ofColumn[j] = 1 / Math.sqrt(column[k]);
  if (row === undefined) return { ofRow: Float64Array.of(1), ofColumn };
  const own = row.subarray(matrix * rows, (matrix + 1) * rows);
  const mean = own.reduce((sum, x) => sum + x, 0) / rows;
  return { ofRow: Float64Array.from(own, (x) => Math.sqrt(mean / x)), ofColumn };
}

/** Of all updates. */
function sumOfSquares(parameter: Parameter): number {
  const { kernels, gradient, at } = parameter;
  const { rows, columns, whole, count } = matricesOf(parameter);
  let total = 0;
  for (let matrix = 0; matrix < count; matrix++) {
    const { ofRow, ofColumn } = factorsOf(parameter, matrix);
    for (let i = 0; i < rows; i++) {
      const from = (matrix * rows + i) * columns;
      const g = at.gradient + 4 * from;
      let sum = kernels.sumOfScaled(g, g + 4 * whole, at.scratch);
      for (let j = whole; j < columns; j++) sum += (gradient[from + j] * ofColumn[j]) ** 2;
      total += sum * ofRow[i] ** 2;
    }
  }
  return total;
}

/** w ← decay·w − rate·update */
function takeStep(parameter: Parameter, decay: number, rate: number): void {
  const { kernels, weights, gradient, at } = parameter;
  const { rows, columns, whole, count } = matricesOf(parameter);
  for (let matrix = 0; matrix < count; matrix++) {
    const { ofRow, ofColumn } = factorsOf(parameter, matrix);
    for (let i = 0; i < rows; i++) {
      const from = (matrix * rows + i) * columns;
      const w = at.weights + 4 * from;
      kernels.scaledStep(w, w + 4 * whole, at.gradient + 4 * from, at.scratch, decay, rate * ofRow[i]);
      for (let j = from + whole, k = whole; k < columns; j++, k++)
        weights[j] = decay * weights[j] - rate * ofRow[i] * gradient[j] * ofColumn[k];
    }
  }
}
