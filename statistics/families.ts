/** p values of several tests that are read together. */

export type Correction = 'holm' | 'bh';

/** Corrected p values in the order of the given ones; NaN stays and counts for no test. statsmodels.stats.multitest.multipletests */
export function corrected(p: readonly number[], correction: Correction): number[] {
  return correction === 'holm' ? holm(p) : benjaminiHochberg(p);
}

/** The chance that any true hypothesis of the family falls is at most the level. Holm, Scandinavian Journal of Statistics 6 (1979). */
export function holm(p: readonly number[]): number[] {
  const order = ascending(p);
  const out = [...p];
  let most = 0;
  order.forEach((at, i) => (out[at] = most = Math.min(1, Math.max(most, p[at] * (order.length - i)))));
  return out;
}

/** Of those that fall, the share of true ones is on average at most the level. Benjamini and Hochberg, JRSS B 57 (1995). */
export function benjaminiHochberg(p: readonly number[]): number[] {
  const order = ascending(p);
  const out = [...p];
  let least = 1;
  for (let i = order.length - 1; i >= 0; i--) {
    const at = order[i];
    out[at] = least = Math.min(least, (p[at] * order.length) / (i + 1));
  }
  return out;
}

function ascending(p: readonly number[]): number[] {
  return p.map((_, i) => i).filter((i) => !Number.isNaN(p[i])).sort((a, b) => p[a] - p[b]); // prettier-ignore
}
