/** Temperature: logits / T, as transformers' TemperatureLogitsWarper. */
import { z } from 'zod';
import type { Warper, WarperSetting } from './types.js';

export const temperature: WarperSetting = {
  schema: z.number().gt(0).max(100),
  off: 1,
  help: 'logits are divided by it',
  only: 'sampling',
  words: (value) => `temperature ${value}`,
  always: true,
  make: temperatureWarper,
};

/** @param temperature > 0; below 1 sharpens, above 1 flattens */
export function temperatureWarper(temperature: number): Warper {
  const divisor = Math.fround(temperature);
  return (logits) => {
    for (let i = 0; i < logits.length; i++) logits[i] /= divisor;
  };
}
