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
