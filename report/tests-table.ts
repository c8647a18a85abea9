/** Tests as a table for a terminal, with the sentences that say how to read it. */
import type { Correction } from '../statistics/families.js';
import { formatNumber } from './format.js';
import { groupBy } from './summary.js';
import { POWER, verdictOf, type Effect, type ShownTest } from './tests.js';
import { columns, visible, wrap } from './text.js';

const CORRECTED = { bonferroni: 'Bonf.', holm: 'Holm', 'holm-sidak': 'H.-Š.', hommel: 'Hommel', bh: 'B.-H.', by: 'B.-Y.' } as const satisfies Record<Correction, string>; // prettier-ignore
const NAMES = {
  bonferroni: 'Bonferroni',
  holm: 'Holm',
  'holm-sidak': 'Holm and Šidák',
  hommel: 'Hommel',
  bh: 'Benjamini and Hochberg',
  by: 'Benjamini and Yekutieli',
} as const satisfies Record<Correction, string>;

/** One block a measure. */
export function renderTests(tests: readonly ShownTest[], correction: Correction, width: number): string {
  const blocks = [...groupBy(tests, ({ measure }) => measure)].map(([measure, own]) => {
    const ranks = own.find((test) => test.ranks)?.ranks?.name ?? '';
    const heads = ['', ...numberHeads(correction, ranks), ''];
    const rows = own.map((test) => [visible(test.label), ...numberCells(test), verdictOf(test)]);
    return `${visible(measure.label)} (${visible(measure.variant)}), generation ${generationsOf(own)}\n${grid(heads, rows)}\n`;
  });
  const said = sentences(tests, correction).flatMap((sentence) => wrap(sentence, width));
  return `${blocks.join('\n')}\n${said.join('\n')}\n`;
}

/** Headings of a test's numbers. @param ranks what its test of ranks is called */
export const numberHeads = (correction: Correction, ranks: string): string[] =>
  ['effect', '95 % interval', 'p', CORRECTED[correction], ranks, `seen at ${POWER * 100} %`, 'seeds']; // prettier-ignore

/** A test's numbers, a cell each; '' where there is none. */
export function numberCells({ effect, p, corrected, ranks }: ShownTest): string[] {
  return [
    effectText(effect),
    intervalText(effect),
    pText(p),
    pText(corrected),
    pText(ranks?.p),
    effect.visible === undefined ? '' : effectText({ ...effect, value: effect.visible }),
    effect.others === undefined ? String(effect.n) : `${effect.n} + ${effect.others}`,
  ];
}

/** How to read the table. */
export function sentences(tests: readonly ShownTest[], correction: Correction): string[] {
  if (tests.every(({ p }) => p === undefined)) return ['One seed: effects without interval or p, since nothing is known of how they vary from seed to seed. A test of ranks is about this one chain.']; // prettier-ignore
  const count = tests.filter(({ p }) => p !== undefined).length;
  const floor = Math.max(0, ...tests.flatMap(({ ranks, turn }) => [ranks?.floor ?? 0, turn?.floor ?? 0]));
  const unpaired = tests.some(({ effect }) => effect.others !== undefined);
  const trends = tests.some(({ ranks }) => ranks?.name === 'Page');
  return [
    unpaired
      ? 'Seeds of two experiments are no pairs: Welch’s t test. Where they draw from the same streams their values go together, and it is on the safe side. Effects of positive measures are ratios (geometric means).'
      : trends
        ? 'The effect is the mean of the seeds’ own slopes: of positive measures a factor for each 1 of what it is over. Its t test holds for chains; Page’s takes what it orders for exchangeable, which generations of a chain are not.'
        : 'Pairs are of one seed: conditions share its generation 0 and the streams that they draw from. Effects of positive measures are ratios (geometric means).',
    `p: t test over seeds${count > 1 ? `; ${NAMES[correction]}’s over the ${count} tests shown decides, at 5 %` : ''}. Seen at ${POWER * 100} %: the smallest effect that so many seeds find in four of five experiments, before correction.`,
    ...(floor > 0.05 ? [`With so few seeds the p of ${trends ? 'a turn' : 'ranks'} cannot fall below ${number(floor)}.`] : []),
  ];
}

function generationsOf(tests: readonly ShownTest[]): string {
  const last = new Set(tests.map(({ generations }) => generations[generations.length - 1]));
  return [...last].sort((a, b) => a - b).join(', ');
}

/** `2.31 ×`, of a ratio near 1 `+4.3 %`, of a difference `+0.31`. */
export function effectText({ kind, value }: Pick<Effect, 'kind' | 'value'>): string {
  if (kind === 'difference') return signed(value);
  return nearOne(value) ? `${signed(100 * (value - 1))} %` : `${number(value)} ×`;
}

/** In the unit of the effect; '' where there is none. */
export function intervalText({ kind, value, low, high }: Effect): string {
  if (low === undefined || high === undefined) return '';
  if (kind === 'difference') return `${signed(low)} to ${signed(high)}`;
  return nearOne(value) ? `${signed(100 * (low - 1))} to ${signed(100 * (high - 1))} %` : `${number(low)} to ${number(high)} ×`;
}

const nearOne = (ratio: number): boolean => ratio > 0.5 && ratio < 2;
const signed = (value: number): string => `${value > 0 ? '+' : ''}${number(value)}`;
const number = (value: number): string => formatNumber(value, 3);

/** A p value to two digits. */
export function pText(p: number | undefined): string {
  if (p === undefined || Number.isNaN(p)) return '';
  return p < 1e-4 ? '< .0001' : p > 0.9999 ? '1' : p.toFixed(p < 0.001 ? 4 : p < 0.1 ? 3 : 2).replace(/^0/, '');
}

/** Columns as wide as their cells; those without any are left out. */
export function grid(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const kept = heads.map((_, i) => i).filter((i) => i === 0 || rows.some((row) => row[i] !== ''));
  const widths = heads.map((head, i) => Math.max(columns(head), ...rows.map((row) => columns(row[i]))));
  const fill = (text: string, i: number): string => ' '.repeat(widths[i] - columns(text));
  const left = (i: number): boolean => i === 0 || i === heads.length - 1;
  return [heads, ...rows]
    .map((row) =>
      kept
        .map((i) => (left(i) ? `${row[i]}${fill(row[i], i)}` : `${fill(row[i], i)}${row[i]}`))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
