/** What operators removed and changed, generation by generation. */
import { el } from '../html.js';
import type { Child } from '../html.js';
import { REMOVAL_HEADS, removalCells, removals } from '../removed.js';
import type { Results } from '../rows.js';

export function removedSection({ runs }: Results): Child {
  const found = removals(runs);
  if (found.length === 0) return undefined;
  const cells = found.map(removalCells);
  const number = (column: number): string | false => column === 1 || (column >= 3 && column <= 5) ? 'num' : false; // prettier-ignore
  return el(
    'section',
    {},
    el('h2', {}, 'Removed after writing'),
    el(
      'p',
      { class: 'caption' },
      'What operators did with texts before anybody trained on them: means over seeds, by generation.',
    ),
    el(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Removed after writing' },
      el(
        'table',
        {},
        el('thead', {}, el('tr', {}, REMOVAL_HEADS.map((head, i) => el('th', { scope: 'col', class: number(i) }, head)))), // prettier-ignore
        el('tbody', {}, cells.map((row) => el('tr', {}, row.map((cell, i) => el('td', { class: number(i) }, cell))))), // prettier-ignore
      ),
    ),
  );
}
