/** Principal components: vectors in the few directions in which they differ most. */
import { symmetricEigen } from './eigen.js';
import { covarianceOf, meanVector, type Vectors } from './vectors.js';

export interface Components {
  /** the vectors, centred, in the directions that are kept */
  readonly scores: Vectors;
  /** share of the variance that the first so many directions explain, of all of them */
  readonly explained: Float64Array;
}

/** The fewest directions that explain `share` of the variance of at least two vectors; one where they do not differ. */
export function principalComponents(vectors: Vectors, share: number): Components {
  const { count, dimensions: d, data } = vectors;
  const { values, vectors: directions } = symmetricEigen(covarianceOf(vectors), d);
  const order = Array.from(values.keys()).sort((a, b) => values[b] - values[a]);
  const total = values.reduce((sum, value) => sum + Math.max(0, value), 0);
  const explained = new Float64Array(d);
  order.forEach((of, i) => (explained[i] = (explained[i - 1] ?? 0) + (total === 0 ? 1 / d : Math.max(0, values[of]) / total)));
  const kept = total === 0 ? 1 : Math.max(1, explained.findIndex((sum) => sum >= share) + 1);
  const mean = meanVector(vectors);
  const scores = new Float64Array(count * kept);
  const centred = new Float64Array(d);
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < d; k++) centred[k] = data[i * d + k] - mean[k];
    for (let c = 0; c < kept; c++) {
      const at = order[c] * d;
      let sum = 0;
      for (let k = 0; k < d; k++) sum += centred[k] * directions[at + k];
      scores[i * kept + c] = sum;
    }
  }
  return { scores: { count, dimensions: kept, data: scores }, explained };
}
