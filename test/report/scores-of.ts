/** Score rows as a reader of results keeps them. */
import type { ScoreRow } from '../../evaluations/types.js';
import type { Scores } from '../../report/scores.js';

export function scoresOf(rows: readonly ScoreRow[]): Scores[] {
  return rows.map(({ run, condition, seed, member, generation, metric, variant, version, value, n, settings, subject }) => ({
    kind: 'values',
    run,
    place: { condition, seed, member, generation },
    values: [{ metric, variant, version, value, n, settings, subject }],
  }));
}

/** By condition: values by seed (1, 2, …) and generation. */
export type ValuesBySeed = Readonly<Record<string, readonly (readonly number[])[]>>;

/** A score row for each, of a member "opt". */
export function rowsOfSeeds(of: ValuesBySeed, metric = 'perplexity', variant = 'real-test'): ScoreRow[] {
  const same = { experiment: 'e', member: 'opt', metric, variant, version: 1, n: 100, settings: {}, subject: 'sha256:00' };
  return Object.entries(of).flatMap(([condition, values]) =>
    values.flatMap((ofSeed, s) =>
      ofSeed.map((value, generation) => ({
        ...same,
        run: `${condition}/seed-${s + 1}`,
        condition,
        seed: s + 1,
        generation,
        value,
      })),
    ),
  );
}
