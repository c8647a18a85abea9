/** Metrics of images; expected values are numpy 2's (std with ddof 0, cov with bias, slogdet) on the same codes. */
import { describe, expect, test } from '@jest/globals';
import { elbo } from '../../evaluations/elbo.js';
import { latentCovariance } from '../../evaluations/latent-covariance.js';
import { latentMean } from '../../evaluations/latent-mean.js';
import { latentStd } from '../../evaluations/latent-std.js';
import { defaultsOf } from '../../evaluations/types.js';
import type { Evaluation, EvaluationInput } from '../../evaluations/types.js';
import { codeTable } from './support.js';

const CODES = Float32Array.of(0.5, -1.25, 2, 1.5, 0.25, -0.75, -2, 0.5, 0.25, 0, 3, -1, -5.5, 0.75, 0.125); // 5 images, 3 numbers each
const input: EvaluationInput = {
  records: {},
  tables: {
    'code/generated/first': codeTable(3, CODES),
    'bound/test/self': { columns: { reconstruction: [90, 111], divergence: [20, 30] } },
  },
};
const values = (metric: Evaluation, settings = {}, scoring = input): Record<string, number> =>
  Object.fromEntries(metric.compute(scoring, { ...defaultsOf(metric), ...settings }).map((row) => [row.variant, row.value]));

describe('codes by the first encoder', () => {
  test('spread: pooled and by dimension', () => {
    const { 'encoder-0/pooled': pooled, 'encoder-0/pooled/by-dimension': byDimension } = values(latentStd);
    expect(pooled).toBeCloseTo(1.8912444462722304, 13);
    expect(byDimension).toBeCloseTo(1.6327678408446629, 13);
    expect(latentStd.compute(input, { images: 0 })[0].n).toBe(5);
  });

  test('of the first images alone', () => {
    expect(values(latentStd, { images: 3 })['encoder-0/pooled']).toBeCloseTo(1.1967032904743342, 13);
    expect(values(latentMean, { images: 3 })['encoder-0/pooled']).toBeCloseTo(0.1111111111111111, 13);
    expect(latentMean.compute(input, { images: 3 })[0].n).toBe(3);
    expect(latentMean.compute(input, { images: 99 })[0].n).toBe(5);
  });

  test('mean', () => expect(values(latentMean)['encoder-0/pooled']).toBeCloseTo(-0.10833333333333334, 13));

  test('covariance: trace and log-determinant; no determinant where codes lie in a plane', () => {
    const { 'encoder-0/trace': trace, 'encoder-0/log-det': volume } = values(latentCovariance);
    expect(trace).toBeCloseTo(9.117500000000003, 12);
    expect(volume).toBeCloseTo(1.3820957153799882, 12);
    const flat = { ...input, tables: { 'code/generated/first': codeTable(2, [1, 0, 2, 0, 3, 0]) } };
    expect(values(latentCovariance, {}, flat)).toEqual({ 'encoder-0/trace': expect.closeTo(2 / 3, 12) });
  });

  test('the histogram holds every number of every code', () => {
    const [series] = latentStd.series!(input, defaultsOf(latentStd));
    expect(series.edges).toHaveLength(101);
    expect([series.edges[0], series.edges[50], series.edges[100]]).toEqual([-5, 0, 5]);
    expect(series.counts.reduce((a, b) => a + b, 0)).toBe(14);
    expect([series.below, series.above, series.n]).toEqual([1, 0, 15]);
    expect(series.counts[50]).toBe(1); // the 0
    expect(series.counts[80]).toBe(1); // the 3
  });
});

describe('the bound of real test images', () => {
  test('is what both terms take from 0', () => {
    expect(values(elbo)).toEqual({
      'real-test/one-code': -125.5,
      'real-test/one-code/reconstruction': 100.5,
      'real-test/one-code/divergence': 25,
    });
  });

  test('of a diverged model is refused', () => {
    const diverged = { ...input, tables: { 'bound/test/self': { columns: { reconstruction: [Number.NaN], divergence: [1] } } } };
    expect(() => values(elbo, {}, diverged)).toThrow('its training has diverged; lower learningRate');
  });
});
