/** Documents of runs made by hand: what each step reported, by generation and step. */
import { sha256, type Digest } from '../../common/canonical.js';
import type { RunIndex } from '../../spec/documents.js';

export type Reports = Record<string, Record<string, number>>;

export const keyOf = (seed: number, generation: number, step: string): Digest => sha256(`${seed} ${generation} ${step}`);

export const run = (condition: string, seed: number, ...generations: Reports[]): RunIndex => ({
  experiment: 'e',
  run: `${condition}/seed-${seed}`,
  status: 'done',
  condition,
  seed,
  generationsDone: generations.length - 1,
  generations: generations.map((reports, generation) => ({
    generation,
    members: {
      opt: { steps: Object.fromEntries(Object.entries(reports).map(([step, report]) => [step, { key: keyOf(seed, generation, step), cached: false, report }])) }, // prettier-ignore
    },
  })),
});
