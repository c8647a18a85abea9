/** Two files of texts beside each other: every metric at an equal size, and tests of what each text has by itself. */
import { perText } from '../evaluations/per-text.js';
import { sizeOf, type Size } from '../evaluations/size.js';
import type { Evaluation, EvaluationInput, ScoreValue, Settings } from '../evaluations/types.js';
import { corrected } from '../statistics/families.js';
import { levene } from '../statistics/groups.js';
import { kolmogorovSmirnov } from '../statistics/kolmogorov-smirnov.js';
import { mannWhitney } from '../statistics/mann-whitney.js';
import { measuredBy, type Measured } from './text-metrics.js';

/** p values over texts: of where they lie, of their whole distribution, and of how they spread; each after Holm's correction over all that are shown. */
export interface TextTests {
  readonly mannWhitney: number;
  readonly kolmogorovSmirnov: number;
  readonly levene: number;
  /** how much more often a text of the first file is above one of the second than below, in [-1, 1] */
  readonly rankBiserial: number;
  /** texts that have a value */
  readonly texts: readonly [number, number];
}

export interface Beside extends Omit<Measured, 'value' | 'n'> {
  /** of the first file and of the second; absent where it is not defined */
  readonly values: readonly [Sided?, Sided?];
  readonly tests?: TextTests;
}

interface Sided {
  readonly value: number;
  readonly n: number;
  /** standard deviation over subsets, where some were drawn */
  readonly sd?: number;
}

const SD = '/subset-sd';

/** @param metrics with the size among their settings, where they are measured at one */
export function beside(
  metrics: readonly { readonly evaluation: Evaluation; readonly settings: Settings }[],
  inputs: readonly [EvaluationInput, EvaluationInput],
): Beside[] {
  const all = metrics.flatMap(({ evaluation, settings }): Beside[] => {
    const [one, other] = inputs.map((input) => measuredBy(evaluation, input, settings));
    const [a, b] = inputs.map((input) => perText(evaluation, input, sizeOf(settings).own));
    const variants = [...new Set([...one, ...other].map(({ variant }) => variant))].filter((variant) => !variant.endsWith(SD));
    return variants.map((variant) => {
      const { value: _, n: __, ...what } = [...one, ...other].find((row) => row.variant === variant)!;
      return { ...what, values: [sided(one, variant), sided(other, variant)], tests: tests(a.get(variant), b.get(variant)) };
    });
  });
  return withCorrection(all);
}

function sided(rows: readonly ScoreValue[], variant: string): Sided | undefined {
  const row = rows.find((one) => one.variant === variant);
  const spread = rows.find((one) => one.variant === `${variant}${SD}`);
  return row && { value: row.value, n: row.n, ...(spread && { sd: spread.value }) };
}

function tests(a: Float64Array | undefined, b: Float64Array | undefined): TextTests | undefined {
  const [x, y] = [a, b].map((all) => all?.filter((value) => !Number.isNaN(value)) ?? new Float64Array(0));
  if (x.length < 2 || y.length < 2) return undefined;
  const { p, rankBiserial } = mannWhitney(x, y);
  return {
    mannWhitney: p,
    kolmogorovSmirnov: kolmogorovSmirnov(x, y).p,
    levene: levene([x, y]).p,
    rankBiserial,
    texts: [x.length, y.length],
  };
}

const TESTS = ['mannWhitney', 'kolmogorovSmirnov', 'levene'] as const;

function withCorrection(all: readonly Beside[]): Beside[] {
  const raw = all.flatMap(({ tests: own }) => (own ? TESTS.map((test) => own[test]) : []));
  const after = corrected(raw, 'holm');
  let at = 0;
  return all.map((row) => {
    if (row.tests === undefined) return row;
    const [mannWhitneyP, ks, leveneP] = after.slice(at, (at += TESTS.length));
    return { ...row, tests: { ...row.tests, mannWhitney: mannWhitneyP, kolmogorovSmirnov: ks, levene: leveneP } };
  });
}

/** How to read the two columns. @param counts texts of the files; `drawn`: the size that was not asked for */
export function sentencesBeside(
  rows: readonly Beside[],
  counts: readonly [number, number],
  words: readonly [number, number],
  { asked, drawn }: { readonly asked?: Size; readonly drawn?: Size },
): string[] {
  const size = asked ?? drawn;
  const said: string[] = [];
  if (size === undefined) said.push(`Both files have ${counts[0]} texts.`);
  else {
    const what = 'texts' in size ? `${size.texts} texts` : `${size.words} words`;
    const why = drawn ? ` (the files have ${counts[0]} and ${counts[1]}; --size texts=N or words=N asks for another size)` : '';
    said.push(`At equal size: means over ${size.samples} random subsets of ${what}${why}; ± is the standard deviation over subsets, which says how much depends on the draw and goes to 0 where a subset is the whole file.`); // prettier-ignore
  }
  const whole = new Set(rows.filter(({ settings }) => size && sizeOf(settings).size === undefined).map(({ metric }) => metric));
  if (whole.size > 0) said.push(`Not at that size but at the one that their own settings say: ${[...whole].join(', ')}.`);
  const uneven = new Set(rows.filter(({ values: [a, b] }) => a && b && Math.abs(a.n - b.n) > 0.01 * Math.max(a.n, b.n)).map(({ metric }) => metric)); // prettier-ignore
  if (uneven.size > 0)
    said.push(`n is not equal in ${[...uneven].join(', ')}${size && 'words' in size ? '' : `: the texts differ in length; --size words=${Math.min(...words)} compares at as many words`}.`); // prettier-ignore
  if (rows.some(({ tests: own }) => own))
    said.push('p values are over texts (Mann and Whitney: where they lie; Kolmogorov and Smirnov: the whole distribution; Levene, by medians: how they spread), corrected over all shown (Holm). They tell these two files apart, and nothing of what other seeds or runs would have written.'); // prettier-ignore
  return said;
}
