/** First and second moments of records in d dimensions, and their sum over datasets. */

export interface Moments {
  readonly n: number;
  /** d */
  readonly mean: Float64Array;
  /** d x d: sum of outer products of the deviations from the mean */
  readonly scatter: Float64Array;
  /** n x d, row-major, where single records are kept */
  readonly points?: Float64Array;
}

/** @param points n x d, row-major */
export function momentsOf(points: Float64Array, n: number, d: number): Moments {
  const mean = new Float64Array(d);
  const scatter = new Float64Array(d * d);
  if (d === 1) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += points[i];
    const centre = sum / n;
    let squares = 0;
    for (let i = 0; i < n; i++) squares += (points[i] - centre) ** 2;
    mean[0] = centre;
    scatter[0] = squares;
    return { n, mean, scatter };
  }
  for (let r = 0; r < n; r++) for (let i = 0; i < d; i++) mean[i] += points[r * d + i];
  for (let i = 0; i < d; i++) mean[i] /= n;
  for (let r = 0; r < n; r++) {
    for (let i = 0; i < d; i++) {
      const di = points[r * d + i] - mean[i];
      for (let j = 0; j <= i; j++) scatter[i * d + j] += di * (points[r * d + j] - mean[j]);
    }
  }
  for (let i = 0; i < d; i++) for (let j = 0; j < i; j++) scatter[j * d + i] = scatter[i * d + j];
  return { n, mean, scatter };
}

/** Moments of all records together (Chan, Golub and LeVeque 1979); empty parts are left out. */
export function mergeMoments(parts: readonly Moments[]): Moments {
  const [first, ...rest] = parts.filter(({ n }) => n > 0);
  const d = first.mean.length;
  let n = first.n;
  const mean = Float64Array.from(first.mean);
  const scatter = Float64Array.from(first.scatter);
  for (const part of rest) {
    const total = n + part.n;
    const delta = part.mean.map((m, i) => m - mean[i]);
    for (let i = 0; i < d; i++) {
      for (let j = 0; j < d; j++) scatter[i * d + j] += part.scatter[i * d + j] + delta[i] * delta[j] * ((n * part.n) / total);
    }
    for (let i = 0; i < d; i++) mean[i] += delta[i] * (part.n / total);
    n = total;
  }
  if (!first.points) return { n, mean, scatter };
  const points = new Float64Array(n * d);
  let at = 0;
  for (const part of [first, ...rest]) {
    points.set(part.points!, at);
    at += part.points!.length;
  }
  return { n, mean, scatter, points };
}
