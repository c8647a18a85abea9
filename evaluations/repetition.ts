/** Repeated n-grams inside a text. */
import { distinctOf, ngramsUpTo } from './token-ids.js';

/** Shares of repeated n-grams in percent, as Python's round(100 * (1 - unique / total), 2), of orders 2 to 4; 0 of no n-gram. */
export function draysonRepetition(text: Int32Array): number[] {
  return ngramsUpTo([text], 4)
    .slice(1)
    .map((ngrams) => {
      const { unique, total } = distinctOf(ngrams);
      return total === 0 ? 0 : pythonRound2(100 * (1 - unique / total));
    });
}

/** Product of 1 - repetition over orders 2 to 4, in (0, 1]; 1 of a text under two words. */
export const draysonDiversity = (text: Int32Array): number =>
  draysonRepetition(text).reduce((product, repetition) => product * (1 - repetition / 100), 1);

/**
 * Python's round(x, 2) of x in [0, 100]: to the nearest of the double's exact value, a tie to the even digit. Ties are those alone whose
 * binary fraction ends: odd multiples of 1/8. toFixed rounds the exact value, too, but ties up.
 */
export function pythonRound2(x: number): number {
  const eighths = x * 8;
  if (!Number.isInteger(eighths) || eighths % 2 === 0) return Number(x.toFixed(2));
  const cents = Math.floor(x * 100);
  return (cents % 2 === 0 ? cents : cents + 1) / 100;
}
