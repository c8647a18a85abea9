/** The section that holds measurements against theory: one row a law, with its verdict and the numbers behind it. */
import { el } from '../html.js';
import type { Child } from '../html.js';
import type { CheckedLaw } from '../laws.js';
import { lawsHeadline } from '../laws.js';

const VERDICT = { pass: 'pass', fail: 'fail', undecided: 'not testable' } as const;

export function lawsSection(laws: readonly CheckedLaw[]): Child {
  if (laws.length === 0) return undefined;
  return el(
    'section',
    {},
    el('h2', {}, 'Theory against measurement'),
    el(
      'p',
      { class: 'caption' },
      lawsHeadline(laws),
      ' A law passes if its expectation lies in the interval of the mean over seeds at every tested generation together (Bonferroni; Johnson’s t for skewed values). Of a hundred true laws about one fails.',
    ),
    el(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Laws' },
      el(
        'table',
        {},
        el(
          'thead',
          {},
          el(
            'tr',
            {},
            ['condition', 'law', 'verdict', 'numbers'].map((head) => el('th', { scope: 'col' }, head)),
          ),
        ),
        el(
          'tbody',
          {},
          laws.map(({ series, index, law, check }) =>
            el(
              'tr',
              {},
              el('th', { scope: 'row', class: `key s${index % 8}` }, series.label),
              el('td', {}, law.name),
              el('td', { class: `verdict ${check.verdict}` }, VERDICT[check.verdict]),
              el('td', {}, check.sentence, el('small', { class: 'law' }, law.statement)),
            ),
          ),
        ),
      ),
    ),
  );
}
