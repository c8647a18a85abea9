/** Profiles of collapse as tables for a terminal. */
import type { Answer, Definition, Profile } from './collapse.js';
import { formatNumber } from './format.js';
import { groupBy } from './summary.js';
import { grid } from './tests-table.js';
import { visible, wrap } from './text.js';

/** What each definition says, in a line. */
export const WORDS: Readonly<Record<Definition, string>> = {
  'rising-risk': 'population risk rises',
  'diverging-risk': 'population risk grows without bound',
  'risk-above': 'population risk passes a fixed threshold',
  'vanishing-variance': 'variance tends to 0',
  'lost-scaling': 'the scaling law is lost',
  'lost-tail': 'the tail is lost',
  'unlike-real': 'what is written grows unlike real data',
  forgetting: 'real data are forgotten',
};

export function renderProfiles(profiles: readonly Profile[], width: number): string {
  const blocks = profiles.map(({ label, answers }) => {
    const heads = [visible(label), 'value', '95 % interval', 'line', 'of', 'collapsed?'];
    return `${grid(heads, answers.map(cells))}\n${below(answers).flatMap((text) => wrap(text, width)).join('\n')}\n`; // prettier-ignore
  });
  const said = [
    'Intervals are t intervals over seeds. Yes: wholly beyond the line; no: wholly before it, or within the margin of no change; else it cannot be told. The line of a course is no change, and it must not slow to less than half either.',
    'Eight questions and not one: no answer is corrected for the others, so of forty that are truly no, one or two say otherwise.',
  ];
  return `${blocks.join('\n')}\n${said.flatMap((sentence) => wrap(sentence, width)).join('\n')}\n`;
}

function cells({ definition, verdict, statistic, value, low, high, line }: Answer): string[] {
  const number = (x: number | undefined): string => (x === undefined ? '' : formatNumber(x, 3));
  return [
    WORDS[definition],
    number(value),
    low === undefined || high === undefined ? '' : `${number(low)} to ${number(high)}`,
    number(line),
    statistic ?? '',
    verdict,
  ];
}

/** What a table is too narrow for: which metric, of how many seeds, each answer goes by, and why one cannot be given. */
function below(answers: readonly Answer[]): string[] {
  const by = groupBy(answers.filter(({ metric }) => metric !== undefined), ({ metric, n }) => `${visible(metric!)}${n === undefined ? '' : `, ${n} ${n === 1 ? 'seed' : 'seeds'}`}`); // prettier-ignore
  return [
    ...Array.from(by, ([metric, own]) => `By ${metric}: ${own.map(({ definition }) => WORDS[definition]).join(', ')}.`),
    ...answers.flatMap(({ definition, verdict, why }) =>
      why === undefined ? [] : [`${WORDS[definition]}: ${verdict}, ${why}.`],
    ),
  ];
}
