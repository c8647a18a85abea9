import { expect, test } from '@jest/globals';
import { GROUPS } from '../../evaluations/groups.js';
import { evaluations } from '../../evaluations/index.js';
import { MEASURES } from '../../kinds/chains/measures.js';
import { groupOf, inGroups } from '../../report/groups.js';
import { renderTable } from '../../report/terminal.js';
import { summarise } from '../../report/summary.js';
import { rowsOfSeeds, scoresOf } from './scores-of.js';

test('a name answers one question, whichever variant or family it is of', () => {
  const all = [
    ...evaluations.map(({ name, group }) => ({ metric: name, group })),
    ...Object.values(MEASURES).flatMap((measures) => measures.map(({ metric, group }) => ({ metric, group }))),
  ];
  for (const { metric, group } of all) expect([metric, groupOf({ metric })]).toEqual([metric, group]);
  for (const { title } of Object.values(GROUPS)) expect(title.length).toBeLessThan(10);
});

test('in the order in which a reader asks; what this version does not know comes last', () => {
  const named = (...names: string[]) => names.map((metric) => ({ metric }));
  expect(inGroups(named('mine', 'rep', 'd-syn', 'distinct-1', 'd-sem', 'coverage', 'perplexity', 'ttr'))).toEqual([
    { group: 'real', own: named('perplexity') },
    { group: 'diversity', own: named('distinct-1', 'ttr') },
    { group: 'tail', own: named('coverage') },
    { group: 'meaning', own: named('d-sem') },
    { group: 'syntax', own: named('d-syn') },
    { group: 'quality', own: named('rep') },
    { group: 'other', own: named('mine') },
  ]);
});

test('a terminal has them above the columns, once for each group', () => {
  const of = (metric: string) => rowsOfSeeds({ replace: [[0.5, 0.25]] }, metric, 'v');
  const text = renderTable(summarise({ scores: scoresOf(['rep', 'distinct-2', 'distinct-1'].flatMap(of)) }), { width: 80 });
  expect(text).toBe(`replace (1 seed)
      Diversity              Quality
gen  distinct-2  distinct-1      rep
  0      0.5000      0.5000   0.5000
  1      0.2500      0.2500   0.2500
`);
  const alone = renderTable(summarise({ scores: scoresOf(of('rep')) }), { width: 80 });
  expect(alone).not.toContain('Quality');
});
