import { describe, expect, test } from '@jest/globals';
import { computeMetrics, metricOf, metrics, needsOf } from '../../metrics/index.js';
import type { ScoringInput } from '../../metrics/types.js';
import { METRIC_NAMES, METRIC_WORDS, metricDefaults } from '../../spec/metrics.js';

const plan = {
  metrics: METRIC_NAMES.map((name) => ({ name, variant: METRIC_WORDS[name].variant, settings: metricDefaults(name) })),
};
const input: ScoringInput = {
  generated: {
    tokens: [
      [1, 2, 3, 4, 5],
      [1, 2, 3, 4, 5],
    ],
    texts: [' ba do ', ' ba ba '],
  },
  real: { tokens: [[1, 2, 9, 8]], texts: [''] },
  testUnderSelf: [{ nllSum: 2, tokenCount: 2 }],
  generatedUnderFirst: [{ nllSum: 8, tokenCount: 4 }],
  truth: { words: ['ba', 'do', 'ku'], probability: [0.6, 0.38, 0.02] },
  testBounds: [{ reconstruction: 90, divergence: 20 }],
  codesUnderFirst: { latent: 2, means: Float32Array.of(1, -1, 2, 0.5, -3, 0) },
};

describe('registry', () => {
  test('every word of the experiment file has its function, and no more', () => {
    expect(metrics.map((m) => [m.name, m.variant])).toEqual(METRIC_NAMES.map((name) => [name, METRIC_WORDS[name].variant]));
    for (const name of METRIC_NAMES) {
      const metric = metricOf({ name, variant: METRIC_WORDS[name].variant });
      expect(metric.needs.includes('truth')).toBe('truth' in METRIC_WORDS[name]);
    }
  });

  test('a plan from another version is refused', () => {
    expect(() => metricOf({ name: 'perplexity', variant: 'mine' })).toThrow('this version has no metric perplexity (mine)');
  });

  test('needs are a union', () => {
    expect(needsOf(plan)).toEqual(['testUnderSelf', 'generatedUnderFirst', 'truth', 'codesUnderFirst', 'testBounds']);
    expect(needsOf({ metrics: plan.metrics.filter((m) => m.name === 'rep') })).toEqual([]);
  });

  test('every value says its metric, version, n and settings, and no two have the same name', () => {
    const { values, series } = computeMetrics(plan, input);
    expect(new Set(values.map((v) => `${v.metric} ${v.variant}`)).size).toBe(values.length);
    for (const value of values) {
      const metric = metrics.find((m) => m.name === value.metric)!;
      expect(value.variant === metric.variant || value.variant.startsWith(`${metric.variant}/`)).toBe(true);
      expect(value.version).toBe(metric.version);
      expect(value.settings).toEqual(metricDefaults(metric.name as (typeof METRIC_NAMES)[number]));
      expect(Number.isFinite(value.value) && value.n > 0).toBe(true);
    }
    expect(series.map((s) => s.metric)).toEqual(['sequence-perplexity', 'latent-std']);
    expect(values.find((v) => v.metric === 'perplexity')!.value).toBeCloseTo(Math.E, 14);
    expect(values.find((v) => v.metric === 'tail-lost')!.value).toBe(1);
    expect(values.find((v) => v.metric === 'distinct-blocks')!.value).toBe(0.5);
  });

  test('a score step that lacks what a metric needs is a bug of ours', () => {
    expect(() => computeMetrics(plan, { ...input, truth: undefined })).toThrow('internal: metric tail-lost needs truth');
  });
});
