/** Fresh weights for a model that is trained from scratch. */
import type { CounterRng } from '../../common/philox.js';
import type { Weights } from '../checkpoint/safetensors.js';
import { architectureOf } from './index.js';
import type { DecoderConfig } from './types.js';

/**
 * Fresh weights, distributed as transformers initialises them. Parameter number i draws from lane i, so a weight depends on its
 * place only.
 */
export function initialWeights(config: DecoderConfig, rng: CounterRng): Weights {
  const weights: Weights = new Map();
  architectureOf(config.modelType)
    .parameters(config)
    .forEach(({ name, shape, init }, lane) => {
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
      if (init.kind === 'ones') data.fill(1);
      if (init.kind === 'normal') {
        for (let i = 0; i < data.length; i++) data[i] = init.std * rng.normal(i, lane);
        if (init.zeroRow !== undefined) data.fill(0, init.zeroRow * shape[1], (init.zeroRow + 1) * shape[1]);
      }
      weights.set(name, { shape, data });
    });
  return weights;
}
