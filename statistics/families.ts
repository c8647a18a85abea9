/** p values of several tests that are read together. */

/** By name: Bonferroni, Holm, Holm-Šidák, Hommel (chance of any false one); Benjamini-Hochberg, -Yekutieli (share of false ones). */
export const CORRECTIONS = { bonferroni, holm, 'holm-sidak': holmSidak, hommel, bh: benjaminiHochberg, by: benjaminiYekutieli };
export type Correction = keyof typeof CORRECTIONS;

/** Corrected p values in the order of the given ones; NaN stays and counts for no test. statsmodels.stats.multitest.multipletests */
export function corrected(p: readonly number[], correction: Correction): number[] {
  return CORRECTIONS[correction](p);
}

/** Each times their number: the chance that any true hypothesis of the family falls is at most the level. Holm's is never weaker. */
export function bonferroni(p: readonly number[]): number[] {
  const { length } = ascending(p);
  return p.map((one) => Math.min(1, one * length));
}

/** The chance that any true hypothesis of the family falls is at most the level. Holm, Scandinavian Journal of Statistics 6 (1979). */
export function holm(p: readonly number[]): number[] {
  const order = ascending(p);
  const out = [...p];
  let most = 0;
  order.forEach((at, i) => (out[at] = most = Math.min(1, Math.max(most, p[at] * (order.length - i)))));
  return out;
}

/** Holm's, a little sharper where tests are independent. Holland and Copenhaver, Psychological Bulletin 104 (1988). */
export function holmSidak(p: readonly number[]): number[] {
  const order = ascending(p);
  const out = [...p];
  let most = 0;
  // 1 - (1 - p)^k without the loss of digits that a small p would have
  order.forEach((at, i) => (out[at] = most = Math.max(most, -Math.expm1((order.length - i) * Math.log1p(-p[at])))));
  return out;
}

/**
 * By Simes' inequality, never weaker than Holm's; holds of independent tests and of those that go together. Hommel, Biometrika 75 (1988); the
 * adjusted values by Wright, Biometrics 48 (1992).
 */
export function hommel(p: readonly number[]): number[] {
  const order = ascending(p);
  const n = order.length;
  const sorted = order.map((at) => p[at]);
  const adjusted = [...sorted];
  for (let m = n; m > 1; m--) {
    // Simes' p of the m largest
    let simes = 1;
    for (let i = n - m; i < n; i++) simes = Math.min(simes, (m * sorted[i]) / (i - (n - m) + 1));
    for (let i = 0; i < n; i++) adjusted[i] = Math.max(adjusted[i], i < n - m ? Math.min(simes, m * sorted[i]) : simes);
  }
  const out = [...p];
  order.forEach((at, i) => (out[at] = adjusted[i]));
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

/** The same however the tests depend on each other. Benjamini and Yekutieli, Annals of Statistics 29 (2001). */
export function benjaminiYekutieli(p: readonly number[]): number[] {
  const { length } = ascending(p);
  const harmonic = Array.from({ length }, (_, i) => 1 / (i + 1)).reduce((a, b) => a + b, 0);
  return benjaminiHochberg(p.map((one) => one * harmonic)).map((one) => Math.min(1, one));
}

function ascending(p: readonly number[]): number[] {
  return p.map((_, i) => i).filter((i) => !Number.isNaN(p[i])).sort((a, b) => p[a] - p[b]); // prettier-ignore
}
