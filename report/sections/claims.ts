/** The section of what a paper claims: one row a claim, with its verdict and what it rests on. */
import { claimSentences, claimsHeadline, verdictWord } from '../claims-text.js';
import type { ClaimVerdict } from '../claims.js';
import { el } from '../html.js';
import type { Child } from '../html.js';

/** Classes of the style sheet: those of laws. */
const CLASS = { holds: 'pass', fails: 'fail', 'cannot tell': 'undecided' } as const;

export function claimsSection(verdicts: readonly ClaimVerdict[]): Child {
  if (verdicts.length === 0) return undefined;
  return el(
    'section',
    {},
    el('h2', {}, 'Claims'),
    el(
      'p',
      { class: 'caption' },
      claimsHeadline(verdicts),
      ' Each is tested over seeds, one-sided at 5 %, corrected over all of them (Holm): of experiments in which none is true, at most one in twenty shows one that holds. Power is the chance that so many seeds show it.',
    ),
    el(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Claims' },
      el(
        'table',
        {},
        el('thead', {}, el('tr', {}, ['claim', 'verdict', 'numbers'].map((head) => el('th', { scope: 'col' }, head)))), // prettier-ignore
        el(
          'tbody',
          {},
          verdicts.map((one) =>
            el(
              'tr',
              {},
              el('th', { scope: 'row' }, one.claim.says),
              el('td', { class: `verdict ${CLASS[one.verdict]}` }, verdictWord(one)),
              el('td', {}, claimSentences(one).map((sentence) => [sentence, ' '])), // prettier-ignore
            ),
          ),
        ),
      ),
    ),
  );
}
