/** What the frequencies of words, or any weights, say about how even they are. */

/** Sums over counts; types that do not occur (0) do not count. */
export interface Frequencies {
  readonly tokens: number;
  readonly types: number;
  /** types that occur once */
  readonly once: number;
  readonly squares: number;
}

export function frequenciesOf(counts: ArrayLike<number>): Frequencies {
  let [tokens, types, once, squares] = [0, 0, 0, 0];
  for (let i = 0; i < counts.length; i++) {
    const f = counts[i];
    if (f === 0) continue;
    tokens += f;
    types++;
    if (f === 1) once++;
    squares += f * f;
  }
  return { tokens, types, once, squares };
}

/** Plug-in entropy in nats of weights >= 0 (they need not sum to 1); 0 where all weight is on one. */
export function entropyOf(weights: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[i];
  let entropy = 0;
  for (let i = 0; i < weights.length; i++) {
    const p = weights[i] / sum;
    if (p > 0) entropy -= p * Math.log(p);
  }
  return Math.max(0, entropy);
}

/** Gini coefficient of weights >= 0, in [0, 1): 2 Σ i x_i / (n Σ x) - (n + 1) / n, x ascending, i from 1. */
export function giniOf(weights: ArrayLike<number>): number {
  const ascending = Float64Array.from(weights).sort();
  const n = ascending.length;
  let [sum, ranked] = [0, 0];
  for (let i = 0; i < n; i++) {
    sum += ascending[i];
    ranked += (i + 1) * ascending[i];
  }
  return (2 * ranked) / (n * sum) - (n + 1) / n;
}
