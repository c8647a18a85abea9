/** The WebAssembly optimiser against the formulas in float64 and against torch. */
import { describe, expect, test } from '@jest/globals';
import { CounterRng } from '../../../../common/philox.js';
import { createOptimizer } from '../../../../engine/train/optimizers/index.js';
import { relativeError } from '../../../support/numbers.js';

const rng = new CounterRng({ seed: 3, generation: 0, member: 'm', step: 'test' });
const draw = (n: number, lane: number): Float32Array => Float32Array.from({ length: n }, (_, i) => rng.normal(i, lane));

describe('AdamW', () => {
  test('torch.optim.AdamW after clip_grad_norm_, on lengths that do not fill a vector', () => {
    // torch 2.13: lr 0.1, weight decay 0.1, clip 1, gradients g then -g/20 on p
    const printed = [
      [0.8899999856948853, -1.8799999952316284, 2.870000123977661],
      [0.8301584720611572, -1.810258388519287, 2.790358781814575],
    ];
    const settings = { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.1, clip: 1 } as const;
    const adam = createOptimizer(new Map([['p', { shape: [3], data: Float32Array.of(1, -2, 3) }]]), settings);
    [1, -0.05].forEach((factor, step) => {
      adam.gradients.get('p')!.data.set([0.5 * factor, -4 * factor, 0.25 * factor]);
      expect(adam.step(0.1)).toBeCloseTo(Math.abs(factor) * Math.hypot(0.5, 4, 0.25), 6);
      expect(relativeError(adam.weights.get('p')!.data, printed[step])).toBeLessThan(1e-7);
    });
  });

  test('ten steps equal the formulas in float64', () => {
    const sizes = [1, 3, 4, 17, 1000];
    const settings = { betas: [0.8, 0.95], epsilon: 1e-6, weightDecay: 0.05, clip: 2 } as const;
    const start = sizes.map((n, i) => draw(n, i));
    const adam = createOptimizer(new Map(start.map((data, i) => [`p${i}`, { shape: [data.length], data }])), settings);
    const p = start.map((data) => Float64Array.from(data));
    const m = sizes.map((n) => new Float64Array(n));
    const v = sizes.map((n) => new Float64Array(n));
    for (let step = 1; step <= 10; step++) {
      const gradients = sizes.map((n, i) => draw(n, 100 * step + i));
      gradients.forEach((g, i) => adam.gradients.get(`p${i}`)!.data.set(g));
      const rate = 0.01 * step;
      const norm = Math.sqrt(gradients.reduce((sum, g) => sum + g.reduce((s, x) => s + x * x, 0), 0));
      expect(Math.abs(adam.step(rate) / norm - 1)).toBeLessThan(1e-12);
      const c = Math.min(1, settings.clip / (norm + 1e-6));
      gradients.forEach((gradient, i) =>
        gradient.forEach((raw, k) => {
          const g = c * raw;
          m[i][k] += (g - m[i][k]) * (1 - settings.betas[0]);
          v[i][k] = settings.betas[1] * v[i][k] + (1 - settings.betas[1]) * g * g;
          const mHat = m[i][k] / (1 - settings.betas[0] ** step);
          const vHat = v[i][k] / (1 - settings.betas[1] ** step);
          p[i][k] -= rate * settings.weightDecay * p[i][k] + (rate * mHat) / (Math.sqrt(vHat) + settings.epsilon);
        }),
      );
    }
    p.forEach((expected, i) => expect(relativeError(adam.weights.get(`p${i}`)!.data, expected)).toBeLessThan(1e-6));
  });

  test('gradients of micro-batches add up, beyond the staging buffer too', () => {
    const [a, b] = [draw(70_001, 1), draw(70_001, 2)];
    const adam = createOptimizer(new Map([['p', { shape: [a.length], data: new Float32Array(a.length) }]]), {
      betas: [0.9, 0.999],
      epsilon: 1e-8,
      weightDecay: 0,
      clip: 0,
    });
    adam.gradients.get('p')!.data.set(a);
    adam.addGradient('p', b);
    expect(
      relativeError(
        adam.gradients.get('p')!.data,
        a.map((x, i) => x + b[i]),
      ),
    ).toBe(0);
  });

  test('a gradient that is not finite is refused and changes no weight', () => {
    const adam = createOptimizer(new Map([['p', { shape: [2], data: Float32Array.of(1, 2) }]]), {
      betas: [0.9, 0.999],
      epsilon: 1e-8,
      weightDecay: 0,
      clip: 1,
    });
    adam.gradients.get('p')!.data.set([NaN, 1]);
    expect(() => adam.step(0.1)).toThrow(/not finite at step 1/);
    expect([...adam.weights.get('p')!.data]).toEqual([1, 2]);
  });
});
