/** Stochastic gradient descent, with the momentum of Sutskever et al. 2013 as torch.optim.SGD takes it; dampening is 0. */
import { z } from 'zod';
import { advance } from '../kernels.js';
import { f32x4, get, set, v128, whileBelow, type Code, type Func } from '../wasm.js';
import type { OptimizerKind } from './types.js';

export interface SgdSettings {
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
}

export const sgd: OptimizerKind<SgdSettings> = {
  words: 'SGD',
  settings: {
    momentum: {
      schema: z.number().min(0).lt(1),
      default: 0,
      help: 'share of the last step that goes on',
      words: (value) => `momentum ${value}`,
    },
    nesterov: {
      schema: z.boolean(),
      default: false,
      help: "Nesterov's momentum: a step ahead",
      words: () => "Nesterov's",
      needs: 'momentum',
    },
    weightDecay: {
      schema: z.number().min(0).max(1),
      default: 0,
      help: 'added to the gradient, of every parameter',
      words: (value) => `weight decay ${value}`,
    },
  },
  rule: ({ momentum, nesterov, weightDecay }) => ({
    functions: FUNCTIONS,
    init: (shape): Record<string, readonly number[]> => (momentum === 0 ? {} : { momentum: shape }),
    update({ kernels, at }, { learningRate, coefficient }) {
      if (momentum === 0) kernels.sgd(at.weights, at.end, at.gradient, coefficient, weightDecay, learningRate);
      else {
        // the step is d + μ·b with Nesterov's momentum, else b
        const [ofGradient, ofBuffer] = nesterov ? [1, momentum] : [0, 1];
        const scalars = [coefficient, weightDecay, learningRate, momentum, ofGradient, ofBuffer];
        kernels.sgdMomentum(at.weights, at.end, at.gradient, at.momentum, ...scalars);
      }
    },
  }),
};

/** Operands p, end, g, c, λ, η: p ← p − η·(c·g + λ·p) */
function plain(): Code {
  const [p, end, g] = [0, 1, 2];
  const scalars = [3, 4, 5];
  const [c, decay, rate] = scalars.map((s) => get(s + 3)); // their vectors
  const direction = f32x4.add(f32x4.mul(v128.load(get(g)), c), f32x4.mul(v128.load(get(p)), decay));
  return [
    ...scalars.flatMap((s) => set(s + 3, f32x4.splat(get(s)))),
    ...whileBelow(p, end, [
      ...v128.store(get(p), f32x4.sub(v128.load(get(p)), f32x4.mul(direction, rate))),
      ...[p, g].flatMap(advance),
    ]),
  ];
}

/** Operands p, end, g, b, c, λ, η, μ, x, y: d = c·g + λ·p;  b ← μ·b + d;  p ← p − η·(x·d + y·b) */
function withMomentum(): Code {
  const [p, end, g, b] = [0, 1, 2, 3];
  const scalars = [4, 5, 6, 7, 8, 9];
  const [c, decay, rate, momentum, x, y] = scalars.map((s) => get(s + 6)); // their vectors
  const [direction, buffer] = [16, 17];
  const step = f32x4.add(f32x4.mul(get(direction), x), f32x4.mul(get(buffer), y));
  return [
    ...scalars.flatMap((s) => set(s + 6, f32x4.splat(get(s)))),
    ...whileBelow(p, end, [
      ...set(direction, f32x4.add(f32x4.mul(v128.load(get(g)), c), f32x4.mul(v128.load(get(p)), decay))),
      ...set(buffer, f32x4.add(f32x4.mul(v128.load(get(b)), momentum), get(direction))),
      ...v128.store(get(b), get(buffer)),
      ...v128.store(get(p), f32x4.sub(v128.load(get(p)), f32x4.mul(step, rate))),
      ...[p, g, b].flatMap(advance),
    ]),
  ];
}

const FUNCTIONS: readonly Func[] = [
  {
    name: 'sgd',
    params: [...Array<'i32'>(3).fill('i32'), ...Array<'f32'>(3).fill('f32')],
    locals: Array<'v128'>(3).fill('v128'),
    body: plain(),
  },
  {
    name: 'sgdMomentum',
    params: [...Array<'i32'>(4).fill('i32'), ...Array<'f32'>(6).fill('f32')],
    locals: Array<'v128'>(8).fill('v128'),
    body: withMomentum(),
  },
];
