/** What tests say, and of what. */

/** What is held against the hypothesis of no difference: that the first is other than, below or above the second. */
export type Alternative = 'two-sided' | 'less' | 'greater';

export interface TestResult {
  readonly statistic: number;
  /** in [0, 1]; NaN where the test is not defined for these values */
  readonly p: number;
}

/** A t test: with the estimate that it is about and that estimate's two-sided interval. */
export interface TTest extends TestResult {
  readonly df: number;
  readonly estimate: number;
  /** standard error of the estimate */
  readonly error: number;
  readonly interval: readonly [number, number];
}

/** The p value from the two tails of a statistic. */
export function tailed(lower: number, upper: number, alternative: Alternative): number {
  if (alternative === 'less') return lower;
  if (alternative === 'greater') return upper;
  return Math.min(1, 2 * Math.min(lower, upper));
}
