/** The section of conditions that differ in one number: a table a member. */
import { changeText, settingCaption, settingHeading, settingPlace, settingTitle } from '../by-setting-text.js';
import { mostSeeds, type SettingCell, type SettingTable } from '../by-setting.js';
import { capital, formatEstimate } from '../format.js';
import { el } from '../html.js';
import type { Child, Markup } from '../html.js';
import { variantText } from './curves.js';

export function settingSection(tables: readonly SettingTable[]): Child {
  if (tables.length === 0) return undefined;
  const several = tables.length > 1;
  return el(
    'section',
    {},
    el('h2', {}, several ? `By ${tables[0].setting}` : settingTitle(tables[0])),
    el('p', { class: 'caption' }, settingCaption(tables[0])),
    tables.map((one) => [several && el('h3', {}, capital(settingPlace(one))), tableOf(one)]),
  );
}

function tableOf(table: SettingTable): Markup {
  const { setting, measures, rows } = table;
  const most = mostSeeds(table);
  const heads = [
    el('th', { scope: 'col' }, 'condition'),
    el('th', { scope: 'col', class: 'num' }, setting),
    measures.map((measure) =>
      el('th', { scope: 'col', class: 'num', title: variantText(measure) }, settingHeading(table, measure)),
    ),
  ];
  return el(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': settingTitle(table) },
    el(
      'table',
      {},
      el('thead', {}, el('tr', {}, heads)),
      el(
        'tbody',
        {},
        rows.map(({ condition, number, cells }) =>
          el(
            'tr',
            {},
            el('th', { scope: 'row' }, condition),
            el('td', { class: 'num' }, number),
            cells.map((cell) => cellOf(cell, most)),
          ),
        ),
      ),
    ),
  );
}

function cellOf(cell: SettingCell | undefined, most: number): Markup {
  if (cell === undefined) return el('td', { class: 'num' }, '–');
  const { point } = cell;
  const [mean, halfWidth] = formatEstimate(point).split(' ± ');
  const less = point.n < most ? `n = ${point.n}` : undefined;
  const below = [halfWidth === undefined ? undefined : `± ${halfWidth}`, less, changeText(cell)].filter(Boolean).join(' ');
  return el('td', { class: 'num' }, el('data', { value: String(point.mean) }, mean), below !== '' && el('span', { class: 'pm' }, below)); // prettier-ignore
}
