/**
 * Golden-ratio weights (He, Xu and Cheng 2025, arXiv:2502.18049): of a fit to n real records and m written ones, the weight of the real
 * ones' mean under which the error of a chain of such fits is smallest in the end. Each fit's error is V' = w²/n + (1 − w)² (V + 1/m), in
 * the variance of a record; its limit is least where w² = k (1 − w), with k = n / m.
 */

/** w = (√(k² + 4k) − k) / 2 in (0, 1), k = real / written: .618 where there are as many of each. */
export function goldenWeight(real: number, written: number): number {
  const k = real / written;
  return (Math.sqrt(k * k + 4 * k) - k) / 2;
}

/**
 * What a real record then counts for where a written one counts 1: (w / n) / ((1 − w) / m) = 1 / w. Where there are none of either kind,
 * all count alike.
 */
export function goldenLossWeight(real: number, written: number): number {
  return real === 0 || written === 0 ? 1 : 1 / goldenWeight(real, written);
}
