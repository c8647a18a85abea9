/** Exact draws of a binomial variable: inversion where few successes are expected, else Hörmann's rejection. */
import { logGamma } from './special.js';

/** Above this many expected successes rejection is faster, and its hat holds. */
const INVERSION = 10;

/** ln k! for k below this is looked up: it is asked for four times a draw. */
const KNOWN = 1 << 18;
let known = Float64Array.of(0, 0);

function logFactorial(k: number): number {
  if (k >= KNOWN) return logGamma(k + 1);
  if (k >= known.length) {
    const more = new Float64Array(Math.min(KNOWN, Math.max(2 * known.length, k + 1)));
    more.set(known);
    for (let i = known.length; i < more.length; i++) more[i] = more[i - 1] + Math.log(i);
    known = more;
  }
  return known[k];
}

/**
 * Successes among n trials of probability p. As scipy.stats.binom.
 * @param uniform draws in [0, 1)
 * Source: W. Hörmann, "The generation of binomial random variates", J. Stat. Comput. Simul. 46 (1993), algorithm BTRS
 */
export function drawBinomial(n: number, p: number, uniform: () => number): number {
  if (n <= 0 || p <= 0) return 0;
  if (p >= 1) return n;
  if (p > 0.5) return n - drawBinomial(n, 1 - p, uniform);
  return n * p < INVERSION ? inverted(n, p, uniform) : rejected(n, p, uniform);
}

function inverted(n: number, p: number, uniform: () => number): number {
  const odds = p / (1 - p);
  let u = uniform();
  let mass = Math.exp(n * Math.log1p(-p));
  let k = 0;
  while (u >= mass && k < n) {
    u -= mass;
    k++;
    mass *= (odds * (n - k + 1)) / k;
  }
  return k;
}

function rejected(n: number, p: number, uniform: () => number): number {
  const q = 1 - p;
  const sd = Math.sqrt(n * p * q);
  const b = 1.15 + 2.53 * sd;
  const a = -0.0873 + 0.0248 * b + 0.01 * p;
  const center = n * p + 0.5;
  const alpha = (2.83 + 5.1 / b) * sd;
  const sure = 0.92 - 4.2 / b;
  const mode = Math.floor((n + 1) * p);
  const atMode = logFactorial(mode) + logFactorial(n - mode);
  const logOdds = Math.log(p / q);
  for (;;) {
    const u = uniform() - 0.5;
    const v = uniform();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + center);
    if (us >= 0.07 && v <= sure) return k;
    if (!(k >= 0 && k <= n)) continue;
    const density = atMode - logFactorial(k) - logFactorial(n - k) + (k - mode) * logOdds;
    if (Math.log((v * alpha) / (a / (us * us) + b)) <= density) return k;
  }
}
