/** Power laws of vocabularies: Heaps' growth and Zipf's ranks. */

export interface Line {
  readonly slope: number;
  readonly intercept: number;
  /** share of the variance that the line explains; 1 where there is none to explain */
  readonly r2: number;
}

/** Ordinary least squares of y on x; undefined where x has fewer than two values. */
export function lineThrough(x: ArrayLike<number>, y: ArrayLike<number>): Line | undefined {
  const n = x.length;
  let [mx, my] = [0, 0];
  for (let i = 0; i < n; i++) {
    mx += x[i] / n;
    my += y[i] / n;
  }
  let [sxx, sxy, syy] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    sxx += (x[i] - mx) ** 2;
    sxy += (x[i] - mx) * (y[i] - my);
    syy += (y[i] - my) ** 2;
  }
  if (!(sxx > 0)) return undefined;
  const slope = sxy / sxx;
  return { slope, intercept: my - slope * mx, r2: syy === 0 ? 1 : sxy ** 2 / (sxx * syy) };
}

/** How many types the first `step`, 2 `step`, … tokens of all texts together have. */
export function vocabularyGrowth(texts: readonly Int32Array[], types: number, step: number): { n: number[]; v: number[] } {
  const seen = new Uint8Array(types);
  const [n, v]: [number[], number[]] = [[], []];
  let [tokens, found] = [0, 0];
  for (const text of texts) {
    for (const id of text) {
      found += 1 - seen[id];
      seen[id] = 1;
      if (++tokens % step !== 0) continue;
      n.push(tokens);
      v.push(found);
    }
  }
  return { n, v };
}

/** V = K n^beta by least squares on ln V; undefined for fewer than two points. */
export function heapsLogLog(n: readonly number[], v: readonly number[]): { K: number; beta: number; r2: number } | undefined {
  const line = lineThrough(n.map(Math.log), v.map(Math.log));
  return line && { K: Math.exp(line.intercept), beta: line.slope, r2: line.r2 };
}

const BETA = { from: -1, to: 2, steps: 300 };

/**
 * V = K n^beta by least squares on V, as scipy's curve_fit finds it; undefined for fewer than two points. For a given beta the best K is
 * known, so what is left is one dimension: the best of a grid, then bisection of the derivative around it.
 */
export function heapsNonlinear(n: readonly number[], v: readonly number[]): { K: number; beta: number } | undefined {
  if (n.length < 2) return undefined;
  const last = n[n.length - 1]; // powers of n / last neither overflow nor vanish
  const logs = n.map((x) => Math.log(x / last));
  const at = (beta: number): { scale: number; error: number; slope: number } => {
    const powers = logs.map((log) => Math.exp(beta * log));
    let [vp, pp] = [0, 0];
    powers.forEach((p, i) => {
      vp += v[i] * p;
      pp += p * p;
    });
    const scale = vp / pp;
    let [error, slope] = [0, 0];
    powers.forEach((p, i) => {
      const rest = v[i] - scale * p;
      error += rest * rest;
      slope -= rest * p * logs[i];
    });
    return { scale, error, slope };
  };
  const width = (BETA.to - BETA.from) / BETA.steps;
  let best = { beta: BETA.from, error: Infinity };
  for (let i = 0; i <= BETA.steps; i++) {
    const beta = BETA.from + i * width;
    const { error } = at(beta);
    if (error < best.error) best = { beta, error };
  }
  let [low, high] = [best.beta - width, best.beta + width];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (at(middle).slope < 0) low = middle;
    else high = middle;
  }
  const beta = (low + high) / 2;
  return { K: at(beta).scale / last ** beta, beta };
}

/** Frequencies above 0 in descending order, rank 1 first; the first `ranks` of them. */
export function ranked(counts: ArrayLike<number>, ranks = Infinity): Float64Array {
  const descending = Float64Array.from(counts)
    .filter((f) => f > 0)
    .sort()
    .reverse();
  return ranks < descending.length ? descending.slice(0, ranks) : descending;
}

/** f = C / rank^exponent by least squares of ln f on ln rank; undefined for fewer than two ranks. */
export function zipfLeastSquares(descending: Float64Array): { exponent: number; intercept: number; r2: number } | undefined {
  const line = lineThrough(
    descending.map((_, i) => Math.log(i + 1)),
    descending.map((f) => Math.log(f)),
  );
  return line && { exponent: -line.slope, intercept: line.intercept, r2: line.r2 };
}

/**
 * The exponent s under which tokens drawn with p(rank) ~ rank^-s on these ranks are likeliest; undefined for fewer than two ranks. Equal
 * frequencies give 0. The likelihood is concave: Newton's steps, held between the bounds that its slope has shown.
 */
export function zipfMaximumLikelihood(descending: Float64Array): number | undefined {
  if (descending.length < 2) return undefined;
  const logs = descending.map((_, i) => Math.log(i + 1));
  let [tokens, target] = [0, 0];
  descending.forEach((f, i) => {
    tokens += f;
    target += f * logs[i];
  });
  target /= tokens;
  let [low, high, s] = [0, 64, 1];
  for (let i = 0; i < 100; i++) {
    let [sum, first, second] = [0, 0, 0];
    for (const log of logs) {
      const p = Math.exp(-s * log);
      sum += p;
      first += p * log;
      second += p * log * log;
    }
    const mean = first / sum;
    if (mean > target) low = s;
    else high = s;
    const next = s + (mean - target) / (second / sum - mean * mean);
    const inside = next > low && next < high ? next : (low + high) / 2;
    if (Math.abs(inside - s) <= 1e-14 * Math.max(1, s)) return inside;
    s = inside;
  }
  return s;
}
