/** What every generation wrote, conditions side by side: a row a generation, a column a condition. */
import { el } from './html.js';
import type { Child, Markup } from './html.js';

export interface GenerationColumn {
  readonly label: string;
  /** class of the condition's colour */
  readonly color: string;
}

/** @param cells the cells of a generation's row, td elements */
export function generationTable(
  generations: readonly number[],
  columns: readonly GenerationColumn[],
  cells: (generation: number) => Child,
): Markup {
  const heads = columns.map(({ label, color }) => el('th', { scope: 'col', class: `key ${color}` }, label));
  const rows = generations.map((generation) => el('tr', {}, el('th', { scope: 'row' }, generation), cells(generation)));
  return el(
    'table',
    { class: 'texts' },
    el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'gen.'), heads)),
    el('tbody', {}, rows),
  );
}
