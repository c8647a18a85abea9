/** The section that holds language models against honest sampling alone: one row a curve, and what the learner adds. */
import { formatEstimate, formatNumber } from '../format.js';
import { el } from '../html.js';
import type { Child } from '../html.js';
import { honestHeadline, honestRows, type HonestBand } from '../honest.js';

const COLUMNS = ['condition', 'measure', 'generation', 'model', 'honest sampling', '95 in 100 chains', '99 in 100', 'the learner adds', 'seeds inside']; // prettier-ignore

export function honestSection(bands: readonly HonestBand[]): Child {
  if (bands.length === 0) return undefined;
  const rows = honestRows(bands);
  const range = ([low, high]: readonly [number, number]) => `${formatNumber(low)} to ${formatNumber(high)}`;
  return el(
    'section',
    {},
    el('h2', {}, 'What honest sampling alone would do'),
    el(
      'p',
      { class: 'caption' },
      honestHeadline(rows),
      ' In each of them a model is the token frequencies of its training set, writes as many tokens as the real one did, each by itself, and the mixture makes the next training set. What a curve has beyond that is the learner’s and the decoder’s. Text is bursty: a chain that draws whole texts loses more than one that draws tokens.',
    ),
    el(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Honest sampling' },
      el(
        'table',
        {},
        el('thead', {}, el('tr', {}, COLUMNS.map((head) => el('th', { scope: 'col' }, head)))), // prettier-ignore
        el(
          'tbody',
          {},
          rows.map(({ series, index, label, points, observed, added, inside, seeds }) => {
            const { generation, mean, band, wide } = points[points.length - 1];
            return el(
              'tr',
              {},
              el('th', { scope: 'row', class: `key s${index % 8}` }, series.label),
              [label, generation, formatEstimate(observed), formatNumber(mean), range(band), range(wide), formatEstimate(added), `${inside} of ${seeds}`].map((cell) => el('td', {}, cell)), // prettier-ignore
            );
          }),
        ),
      ),
    ),
  );
}
