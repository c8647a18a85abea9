/** Decoupled AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2), as torch.optim.AdamW with one parameter group. */
import { z } from 'zod';
import { advance } from '../kernels.js';
import { f32x4, get, set, v128, whileBelow, type Code, type Func } from '../wasm.js';
import type { OptimizerKind } from './types.js';

export interface AdamWSettings {
  readonly weightDecay: number;
  readonly betas: readonly [number, number];
  readonly epsilon: number;
}

const beta = z.number().min(0).lt(1);

export const adamw: OptimizerKind<AdamWSettings> = {
  words: 'AdamW',
  settings: {
    weightDecay: {
      schema: z.number().min(0).max(1),
      default: 0.01,
      help: 'decoupled, on every parameter',
    },
    betas: {
      schema: z.tuple([beta, beta]),
      default: [0.9, 0.999],
      help: 'decay of the mean of gradients and of their squares',
    },
    epsilon: {
      schema: z.number().gt(0).max(1),
      default: 1e-8,
      help: 'added to the root of the squares',
    },
  },
  rule: ({ weightDecay, betas: [beta1, beta2], epsilon }) => ({
    functions: FUNCTIONS,
    init: (shape) => ({ first: shape, second: shape }),
    update({ kernels, at }, { number, learningRate, coefficient }) {
      const stepSize = learningRate / (1 - beta1 ** number);
      const correction = Math.sqrt(1 - beta2 ** number);
      const decay = 1 - learningRate * weightDecay;
      const scalars = [coefficient, decay, 1 - beta1, beta2, 1 - beta2, stepSize, correction, epsilon];
      kernels.adamw(at.weights, at.end, at.gradient, at.first, at.second, ...scalars);
    },
  }),
};

/**
 * In the order of torch.optim.AdamW, operands p, end, g, m, v, c, decay, 1−β₁, β₂, 1−β₂, stepSize, √(1−β₂ᵗ), ε:
 * p ← p·decay;  m ← m + (c·g − m)·(1−β₁);  v ← β₂·v + (1−β₂)·(c·g)²;  p ← p − stepSize·m / (√v / √(1−β₂ᵗ) + ε)
 */
function body(): Code {
  const [p, end, g, m, v] = [0, 1, 2, 3, 4];
  const scalars = [5, 6, 7, 8, 9, 10, 11, 12];
  const [c, decay, oneMinusBeta1, beta2, oneMinusBeta2, stepSize, correction, epsilon] = scalars.map((s) => get(s + 8)); // their vectors
  const [gradient, first, second] = [21, 22, 23];
  const denominator = f32x4.add(f32x4.div(f32x4.sqrt(get(second)), correction), epsilon);
  return [
    ...scalars.flatMap((s) => set(s + 8, f32x4.splat(get(s)))),
    ...whileBelow(p, end, [
      ...set(gradient, f32x4.mul(v128.load(get(g)), c)),
      ...set(first, f32x4.add(v128.load(get(m)), f32x4.mul(f32x4.sub(get(gradient), v128.load(get(m))), oneMinusBeta1))),
      ...set(
        second,
        f32x4.add(f32x4.mul(v128.load(get(v)), beta2), f32x4.mul(f32x4.mul(get(gradient), get(gradient)), oneMinusBeta2)),
      ),
      ...v128.store(get(m), get(first)),
      ...v128.store(get(v), get(second)),
      ...v128.store(
        get(p),
        f32x4.sub(f32x4.mul(v128.load(get(p)), decay), f32x4.div(f32x4.mul(get(first), stepSize), denominator)),
      ),
      ...[p, g, m, v].flatMap(advance),
    ]),
  ];
}

const FUNCTIONS: readonly Func[] = [
  {
    name: 'adamw',
    params: [...Array<'i32'>(5).fill('i32'), ...Array<'f32'>(8).fill('f32')],
    locals: Array<'v128'>(11).fill('v128'),
    body: body(),
  },
];
