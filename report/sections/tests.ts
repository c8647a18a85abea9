/** The folded section of tests: of the leading measure every two conditions, and each from its first generation to its last. */
import { el } from '../html.js';
import type { Child } from '../html.js';
import type { Results } from '../rows.js';
import { unrelated, type Summary } from '../summary.js';
import { asFamily, changesOf, measuresAsked, pairs, verdictOf } from '../tests.js';
import { numberCells, numberHeads, sentences } from '../tests-table.js';

/** Of more conditions only the changes are shown; `habsburg compare --conditions` has any two. */
const CONDITIONS = 8;

export function testsSection(results: Results, whole: Summary): Child {
  const tests = asFamily(
    unrelated(whole).flatMap((summary) =>
      measuresAsked(summary, results, undefined).flatMap((measure) => [
        ...(summary.series.length <= CONDITIONS ? pairs(summary, measure, summary.series) : []),
        ...changesOf(summary, measure, summary.series),
      ]),
    ),
    'holm',
  );
  // one seed makes no claim
  if (tests.every(({ p }) => p === undefined)) return undefined;
  const heads = ['test', ...numberHeads('holm', 'Wilcoxon'), ''];
  const several = new Set(tests.map(({ measure }) => measure)).size > 1;
  return el(
    'section',
    {},
    el('h2', {}, 'Tests'),
    el(
      'details',
      {},
      el('summary', {}, `${tests.length} tests of ${[...new Set(tests.map(({ measure }) => measure.label))].join(', ')}`),
      el(
        'p',
        { class: 'caption' },
        sentences(tests, 'holm').join(' '),
        ' Of other metrics, trends and turns: ',
        el('code', {}, `habsburg compare ${results.experiment}`),
        '.',
      ),
      el(
        'div',
        { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Tests' },
        el(
          'table',
          {},
          el('thead', {}, el('tr', {}, heads.map((head, i) => el('th', { scope: 'col', class: i > 0 && i < heads.length - 1 && 'num' }, head)))), // prettier-ignore
          el(
            'tbody',
            {},
            tests.map((test) =>
              el(
                'tr',
                {},
                el('th', { scope: 'row' }, several ? `${test.measure.label}: ${test.label}` : test.label),
                numberCells(test).map((cell) => el('td', { class: 'num' }, cell)),
                el('td', {}, verdictOf(test)),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}
