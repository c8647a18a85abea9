import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect } from '@jest/globals';

/** Values of scipy and statsmodels; `"NaN"` is NaN. */
export const golden = (name: 'statistics' | 'power'): any =>
  JSON.parse(gunzipSync(readFileSync(new URL(`golden/${name}.json.gz`, import.meta.url))).toString('utf8'), (_, value) =>
    value === 'NaN' ? NaN : value,
  );

/** Equal to a relative or an absolute tolerance. */
export function close(value: number, expected: number, relative = 1e-9, absolute = 1e-12): void {
  if (Number.isNaN(expected)) return expect(value).toBeNaN();
  const off = Math.abs(value - expected);
  if (!(off <= absolute || off <= relative * Math.abs(expected))) expect(value).toBe(expected);
}
/** p values and quantiles. */
export const closeP = (value: number, expected: number): void => close(value, expected, 1e-6, 1e-9);
