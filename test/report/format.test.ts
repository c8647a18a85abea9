import { describe, expect, test } from '@jest/globals';
import { formatBytes, formatEstimate, formatNumber } from '../../report/format.js';

describe('numbers', () => {
  test.each([
    [0, '0'],
    [62, '62'],
    [61.84321, '61.84'],
    [0.00123456, '0.001235'],
    [-3.25, '−3.250'],
    [123456, '123456'],
    [1234567.8, '1234568'],
    [12345678, '1.23e7'],
    [0.000012345, '1.23e-5'.replace('-', '−')],
  ])('%d reads %s', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  test('an estimate shows as many digits as its uncertainty supports', () => {
    expect(formatEstimate({ mean: 61.84321, halfWidth: 3.4567, n: 3 })).toBe('61.8 ± 3.5');
    expect(formatEstimate({ mean: 575.3, halfWidth: 46.2, n: 3 })).toBe('575 ± 46');
    expect(formatEstimate({ mean: 0.12345, halfWidth: 0.0068, n: 3 })).toBe('0.1235 ± 0.0068');
    expect(formatEstimate({ mean: 5, halfWidth: 0, n: 2 })).toBe('5 ± 0');
    expect(formatEstimate({ mean: 0.052, halfWidth: 8.6e-18, n: 3 })).toBe('0.05200 ± 0');
    expect(formatEstimate({ mean: 61.84321, n: 1 })).toBe('61.84');
  });

  test('bytes', () => {
    expect([0, 999, 5_300_000, 1_290_000_000].map(formatBytes)).toEqual(['0 B', '999 B', '5.30 MB', '1.29 GB']);
  });
});
