/** Numbers as a table shows them: four significant digits, or as many as their uncertainty supports. */
import type { Estimate } from './summary.js';

/** Four significant digits; scientific notation outside [1e-4, 1e7). */
export function formatNumber(value: number, significant = 4): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e7 || size < 1e-4) return withMinus(value.toExponential(Math.max(significant - 2, 0)).replace('e+', 'e'));
  if (Number.isInteger(value)) return withMinus(String(value));
  return withMinus(value.toFixed(clampDecimals(significant - 1 - Math.floor(Math.log10(size)))));
}

/** `41.2 ± 3.1`: the half-width to two significant digits, the mean to the same decimal; the mean alone without an interval. */
export function formatEstimate({ mean, halfWidth }: Estimate): string {
  if (halfWidth === undefined) return formatNumber(mean);
  // equal values may differ from their mean in the last bit
  if (halfWidth <= 1e-12 * Math.abs(mean)) return `${formatNumber(mean)} ± 0`;
  const size = Math.max(Math.abs(mean), halfWidth);
  if (size >= 1e7 || size < 1e-4) return `${formatNumber(mean)} ± ${formatNumber(halfWidth, 2)}`;
  const decimals = Math.min(
    clampDecimals(1 - Math.floor(Math.log10(halfWidth))),
    clampDecimals(4 - Math.floor(Math.log10(size))),
  );
  return `${withMinus(mean.toFixed(decimals))} ± ${halfWidth.toFixed(decimals)}`;
}

/** Bytes in decimal units, as storage is sold. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const step = bytes === 0 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${formatNumber(bytes / 1000 ** step, 3)} ${units[step]}`;
}

function clampDecimals(decimals: number): number {
  return Math.min(8, Math.max(0, decimals));
}

/** A true minus sign, so that columns of digits line up. */
export function withMinus(text: string): string {
  return text.replace('-', '\u2212');
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
