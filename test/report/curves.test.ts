import { expect, test } from '@jest/globals';
import { render } from '../../report/html.js';
import { curveFigures } from '../../report/sections/curves.js';
import { summarise } from '../../report/summary.js';
import { load, SMALL } from '../spec/support.js';
import { rowsOfSeeds, scoresOf, type ValuesBySeed } from './scores-of.js';

const MOVES = { replace: [[10, 21, 40], [20, 45, 90], [10, 26, 50]] }; // prettier-ignore
const STANDS = { replace: [[1.36, 1.361], [1.359, 1.36], [1.361, 1.36]] }; // prettier-ignore

async function figures(of: Readonly<Record<string, ValuesBySeed>>) {
  const rows = Object.entries(of).flatMap(([metric, values]) => rowsOfSeeds(values, metric));
  const { lead, rest } = curveFigures(summarise({ scores: scoresOf(rows) }), (await load(SMALL)).plan);
  return { lead: render(lead), rest: render(rest) };
}

const headings = (html: string) => [...html.matchAll(/<h([34])[^>]*>([^<]+)/g)].map(([, level, text]) => `${level} ${text}`);

test('the figure of the finding stands apart; the others by what a reader asks, and what does not move is folded', async () => {
  const { lead, rest } = await figures({ rep: MOVES, 'd-sem': STANDS, coverage: MOVES, perplexity: MOVES });
  expect(headings(lead)).toEqual(['3 perplexity']);
  expect(headings(rest)).toEqual(['3 Tail', '4 coverage', '3 Meaning', '4 d-sem', '3 Quality', '4 rep']);
  const folded = [...rest.matchAll(/<details><summary>(.*?)<\/summary>(.*?)<\/details>/g)];
  expect(folded).toHaveLength(1);
  expect(folded[0][1]).toBe(
    'Does not move: d-sem (at most 0.025 % of its largest value); every 95 % interval is within 5 %, and no paired t test tells anything apart',
  );
  expect(headings(folded[0][2])).toEqual(['4 d-sem']);
});

test('what human text scores is a dashed line through the panels of written texts, and in no other', async () => {
  const { plan } = await load(`${SMALL}references: [real-text]\n`);
  const rows = [...rowsOfSeeds({ replace: MOVES.replace }, 'perplexity'), ...rowsOfSeeds({ replace: MOVES.replace, 'real-text': [[95], [95], [95]] }, 'distinct-2')]; // prettier-ignore
  const { lead, rest } = curveFigures(summarise({ plan, scores: scoresOf(rows) }), plan);
  const panel = (html: string) => /<svg[^>]*class="panel".*<\/svg>/s.exec(html)![0];
  const [perplexity, distinct] = [panel(render(lead)), panel(render(rest))];
  expect([perplexity.includes('real-text'), perplexity.includes('level')]).toEqual([false, false]);
  expect(distinct).toContain('real-text, generation 0: 95');
  // from the first generation to the last, at one height
  const [, from, at, to, end] = /class="mean level" d="M([\d.]+),([\d.]+)L([\d.]+),([\d.]+)"/.exec(distinct)!;
  const [, first, last] = /class="mean" d="M([\d.]+),[^"]*L([\d.]+),[\d.]+"/.exec(distinct)!;
  expect([from, to, at]).toEqual([first, last, end]);
  expect(render(rest)).toContain('A dashed line is a condition that has generation 0 alone.');
});

test('one question needs no heading, and a measure alone no second section', async () => {
  expect(headings((await figures({ perplexity: MOVES, rep: MOVES })).rest)).toEqual(['3 rep']);
  const { lead, rest } = await figures({ perplexity: MOVES });
  expect(rest).toBe('');
  expect(lead).toContain('Each of 3 seeds is a thin line, their mean a thick one, its 95 % t-interval a band.');
});

test('of more than four conditions with bands the seeds are not drawn one by one, and the caption says so', async () => {
  const of = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`c${i}`, [[10, 21, 40], [11, 22, 42], [10, 20, 41]]])); // prettier-ignore
  const seeds = (html: string) => [...html.matchAll(/class="seed"/g)].length;
  const bands = (html: string) => [...html.matchAll(/class="band"/g)].length;
  const [four, five] = [(await figures({ perplexity: of(4) })).lead, (await figures({ perplexity: of(5) })).lead];
  expect([seeds(four), bands(four)]).toEqual([12, 4]);
  expect([seeds(five), bands(five)]).toEqual([0, 5]);
  expect(five).toContain('every seed’s value stands under Results');
});
