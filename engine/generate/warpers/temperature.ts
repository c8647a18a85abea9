/** Temperature: logits / T, as transformers' TemperatureLogitsWarper. */
import type { Warper } from './types.js';

/** @param temperature > 0; below 1 sharpens, above 1 flattens */
export function temperatureWarper(temperature: number): Warper {
  const divisor = Math.fround(temperature);
  return (logits) => {
    for (let i = 0; i < logits.length; i++) logits[i] /= divisor;
  };
}
