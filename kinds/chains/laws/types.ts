/** What an exact law says and what a check of it against measurements found. */

export interface Law {
  /** unique for a member and a mixture */
  readonly name: string;
  /** what it is about, as in score rows */
  readonly metric: string;
  readonly variant: string;
  /** the expectation itself, or a bound that it must not fall below */
  readonly relation: 'equal' | 'at-least';
  /** one line, formula and source */
  readonly statement: string;
  /** the expectation over seeds at generations 0 … last; NaN where the law says nothing */
  readonly expectations: (last: number) => readonly number[];
}

export interface CheckedPoint {
  readonly generation: number;
  readonly expected: number;
  readonly mean: number;
  /** simultaneous interval of the mean over all checked generations */
  readonly low: number;
  readonly high: number;
  /** seeds */
  readonly n: number;
  readonly holds: boolean;
}

export interface LawCheck {
  /** `undecided`: too few seeds, or too few for how skewed the values are */
  readonly verdict: 'pass' | 'fail' | 'undecided';
  readonly confidence: number;
  /** the generations that were tested, ascending */
  readonly points: readonly CheckedPoint[];
  /** generations that were looked at but whose values are too skewed for so few seeds */
  readonly tooSkewed: readonly number[];
  /** one sentence with the numbers */
  readonly sentence: string;
}
