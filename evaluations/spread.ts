/** How far apart the points lie that a model wrote. */
import { z } from 'zod';
import { tableOf } from './input.js';
import { rowsOf } from './rows.js';
import type { Evaluation, ObservationRef } from './types.js';

const COORDINATES: ObservationRef = { observation: 'coordinates', of: 'generated', under: 'self' };

/**
 * Variance of the written points (divisor n), mean over coordinates; squared units of the data, in [0, ∞). n: points. Of points that
 * model t wrote, so below the model's own variance by the factor 1 - 1/n on average.
 */
export const spread: Evaluation = {
  name: 'spread',
  variant: 'written/trace-over-d',
  version: 1,
  summary: 'Variance of the written points, mean over coordinates; from 0, falls in collapse.',
  of: 'points',
  group: 'diversity',
  needs: { observations: [COORDINATES] },
  settings: z.strictObject({}),
  headline: ['written/trace-over-d'],
  subject: 'generated',
  compute(input, settings) {
    const columns = Object.values(tableOf(input, COORDINATES).columns);
    const n = columns[0]?.length ?? 0;
    if (n === 0) return [];
    const variances = columns.map((column) => {
      let [mean, squares] = [0, 0];
      for (let i = 0; i < n; i++) mean += column[i] / n;
      for (let i = 0; i < n; i++) squares += (column[i] - mean) ** 2;
      return squares / n;
    });
    return [rowsOf(this, settings)(variances.reduce((sum, value) => sum + value, 0) / variances.length, n)];
  },
};
