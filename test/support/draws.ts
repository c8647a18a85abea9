/** Lots of operators in tests. */
import { CounterRng } from '../../common/philox.js';
import type { Draw } from '../../operators/types.js';

/** Of an operator that draws none. */
export const noDraw: Draw = () => {
  throw new Error('no lots are to be drawn');
};

/** Another stream for each number. */
export function drawsOf(seed: number): Draw {
  const rng = new CounterRng({ seed, generation: 0, member: 'm', step: 'postprocess' });
  return (i, use) => rng.uniform(i, use);
}

/** Standard normal numbers, another stream for each seed. */
export function normals(seed: number): (i: number) => number {
  const rng = new CounterRng({ seed, generation: 0, member: 'm', step: 'toy' });
  return (i) => rng.normal(i);
}
