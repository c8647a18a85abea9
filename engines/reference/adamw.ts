/** AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2), decay on every parameter, after clipping by the global norm. */
import { HabsburgError } from '../../common/errors.js';
import type { Matrix } from './tape.js';

export interface AdamWSettings {
  readonly weightDecay: number;
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  /** largest global norm of the gradient; 0: no clipping */
  readonly clip: number;
}

export class AdamW {
  /** running means of gradients and of their squares */
  readonly first = new Map<string, Float64Array>();
  readonly second = new Map<string, Float64Array>();
  steps = 0;

  constructor(
    readonly parameters: ReadonlyMap<string, Matrix>,
    readonly settings: AdamWSettings,
  ) {
    for (const [name, { data }] of parameters) {
      this.first.set(name, new Float64Array(data.length));
      this.second.set(name, new Float64Array(data.length));
    }
  }

  /**
   * Takes a step along the parameters' gradients, and clears them.
   * @returns their norm before clipping
   * @throws HabsburgError 'failed' where it is not finite
   */
  step(learningRate: number): number {
    const { weightDecay, betas, epsilon, clip } = this.settings;
    let squares = 0;
    for (const { gradient } of this.parameters.values()) for (const g of gradient) squares += g * g;
    const norm = Math.sqrt(squares);
    if (!Number.isFinite(norm))
      throw new HabsburgError(
        'failed',
        `the gradient is not finite at step ${this.steps + 1}: training diverged; lower the learning rate or clip the gradient`,
      );
    // torch.nn.utils.clip_grad_norm_
    const coefficient = clip > 0 ? Math.min(1, clip / (norm + 1e-6)) : 1;
    this.steps++;
    const [unbias1, unbias2] = betas.map((beta) => 1 - beta ** this.steps);
    for (const [name, { data, gradient }] of this.parameters) {
      const [m, v] = [this.first.get(name)!, this.second.get(name)!];
      for (let i = 0; i < data.length; i++) {
        const g = gradient[i] * coefficient;
        m[i] = betas[0] * m[i] + (1 - betas[0]) * g;
        v[i] = betas[1] * v[i] + (1 - betas[1]) * g * g;
        data[i] -= learningRate * (weightDecay * data[i] + m[i] / unbias1 / (Math.sqrt(v[i] / unbias2) + epsilon));
      }
      gradient.fill(0);
    }
    return norm;
  }
}
