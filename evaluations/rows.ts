/** What all values of an evaluation say beside the number. */
import type { Evaluation, ScoreValue, Settings } from './types.js';

/** @returns one value a call; `part`: of the variant, where there are several: `variant/part` */
export function rowsOf(
  { name, variant, version }: Pick<Evaluation, 'name' | 'variant' | 'version'>,
  settings: Settings,
): (value: number, n: number, part?: string) => ScoreValue {
  return (value, n, part) => ({
    metric: name,
    variant: part === undefined ? variant : `${variant}/${part}`,
    version,
    value,
    n,
    settings,
  });
}
