/** Tables by a setting for a terminal, a README, a paper and a spreadsheet. */
import { mostSeeds, type SettingCell, type SettingTable } from './by-setting.js';
import { csvText } from './export.js';
import { formatEstimate, formatNumber } from './format.js';
import type { Measure } from './summary.js';
import { grid } from './tests-table.js';
import { columns, visible, wrap } from './text.js';

export const SETTING_FORMATS = ['table', 'md', 'latex', 'csv'] as const;
export type SettingFormat = (typeof SETTING_FORMATS)[number];

/** `By mixture.share, generation 1, opt` */
export const settingTitle = (table: SettingTable): string => `By ${table.setting}, ${settingPlace(table)}`;

/** `generation 1, what opt was trained on` */
export function settingPlace({ member, several, of, generation }: SettingTable): string {
  const whose = of === 'training' ? `, what ${several ? member : 'it'} was trained on` : several ? `, ${member}` : '';
  return `generation ${generation}${whose}`;
}

/** A column's heading: the title says what a training set's are of. */
export const settingHeading = ({ of }: SettingTable, { label }: Measure): string =>
  of === 'training' ? label.replace(/[ /]of-training$/, '') : label;

/** How to read the cells. */
export function settingCaption(table: SettingTable): string {
  const seeds = mostSeeds(table);
  const what = seeds === 1 ? 'One seed' : `Means of ${seeds} seeds ± half-width of the 95 % t-interval`;
  return `${what}; in brackets the change of the ${seeds === 1 ? 'value' : 'mean'} from the row above.`;
}

/** `(+1.2 %)`; '' in the first row. */
export function changeText({ change }: SettingCell): string {
  return change === undefined ? '' : `(${change > 0 ? '+' : ''}${formatNumber(100 * change, 2)} %)`;
}

/** @param width of the terminal, for `table` */
export function renderSettingTables(tables: readonly SettingTable[], format: SettingFormat, width = 100): string {
  if (format === 'csv') return csv(tables);
  const one = { table: (table: SettingTable) => terminal(table, width), md: markdown, latex }[format];
  return tables.map(one).join('\n');
}

const cellText = (cell: SettingCell | undefined, most: number): string =>
  cell === undefined
    ? '–'
    : [formatEstimate(cell.point), cell.point.n < most && `n=${cell.point.n}`, changeText(cell)].filter(Boolean).join(' ');

/** Headings and rows: the number, the condition, the measures. */
function cellsOf(table: SettingTable): { heads: string[]; rows: string[][] } {
  const most = mostSeeds(table);
  return {
    heads: [table.setting, 'condition', ...table.measures.map((measure) => settingHeading(table, measure))].map(visible),
    rows: table.rows.map(({ condition, number, cells }) => [
      String(number),
      visible(condition),
      ...cells.map((cell) => cellText(cell, most)),
    ]),
  };
}

function terminal(table: SettingTable, width: number): string {
  const { heads, rows } = cellsOf(table);
  const wide = heads.map((head, i) => Math.max(columns(head), ...rows.map((row) => columns(row[i]))));
  const blocks: number[][] = [];
  let used = Infinity;
  for (let i = 2; i < heads.length; i++) {
    if (used + 2 + wide[i] > width) {
      blocks.push([]);
      used = wide[0] + 2 + wide[1];
    }
    blocks[blocks.length - 1].push(i);
    used += 2 + wide[i];
  }
  const pick = (row: readonly string[], block: readonly number[]) => [row[1], row[0], ...block.map((i) => row[i]), ''];
  const drawn = blocks.map((block) => `${grid(pick(heads, block), rows.map((row) => pick(row, block)))}\n`); // prettier-ignore
  return `${[visible(settingTitle(table)), ...wrap(settingCaption(table), width)].join('\n')}\n\n${drawn.join('\n')}`;
}

function markdown(table: SettingTable): string {
  const { heads, rows } = cellsOf(table);
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = `| ${heads.map((_, i) => (i === 1 ? '---' : '--:')).join(' | ')} |`;
  return `${settingTitle(table)}. ${settingCaption(table)}\n\n${[line(heads), rule, ...rows.map(line)].join('\n')}\n`;
}

/** With the rules of the package booktabs. */
function latex(table: SettingTable): string {
  const { heads, rows } = cellsOf(table);
  const line = (cells: readonly string[]) => `  ${cells.map(texText).join(' & ')} \\\\`;
  return [
    `% ${settingTitle(table)}. ${settingCaption(table)}`,
    `\\begin{tabular}{rl${'r'.repeat(heads.length - 2)}}`,
    '  \\toprule',
    line(heads),
    '  \\midrule',
    ...rows.map(line),
    '  \\bottomrule',
    '\\end{tabular}\n',
  ].join('\n');
}

const TEX: Readonly<Record<string, string>> = { '\\': '\\textbackslash{}', '−': '$-$', '±': '$\\pm$', '–': '--', '~': '\\textasciitilde{}', '^': '\\textasciicircum{}' }; // prettier-ignore

function texText(text: string): string {
  return text.replace(/[\\−±–~^#$%&_{}]/g, (character) => TEX[character] ?? `\\${character}`);
}

/** A row a value, with all digits. */
function csv(tables: readonly SettingTable[]): string {
  const head = 'setting,number,condition,member,generation,metric,variant,version,settings,mean,half_width,n,change';
  const lines = tables.flatMap(({ setting, member, generation, measures, rows }) =>
    rows.flatMap(({ condition, number, cells }) =>
      cells.flatMap((cell, i) => {
        if (cell === undefined) return [];
        const { metric, variant, version, settings } = measures[i];
        const { mean, halfWidth, n } = cell.point;
        const texts = [setting, number, condition, member, generation, metric, variant, version, JSON.stringify(settings)];
        return [[...texts.map((one) => (typeof one === 'number' ? String(one) : csvText(one))), mean, halfWidth ?? '', n, cell.change ?? ''].join(',')]; // prettier-ignore
      }),
    ),
  );
  return `${[head, ...lines].join('\n')}\n`;
}

/** The same as JSON; a cell without a value is null. */
export function settingJson({ setting, member, of, generation, measures, rows }: SettingTable): object {
  return {
    setting,
    member,
    of,
    generation,
    measures: measures.map(({ metric, variant, version, settings, label }) => ({ metric, variant, version, settings, label })),
    rows: rows.map(({ condition, number, cells }) => ({
      condition,
      number,
      cells: cells.map((cell) => cell === undefined ? null : { mean: cell.point.mean, halfWidth: cell.point.halfWidth, n: cell.point.n, change: cell.change }), // prettier-ignore
    })),
  };
}
