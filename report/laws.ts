/** The exact laws that an experiment must follow, each checked against its measurements. */
import { chainGroups, chainMembers, chainPart } from '../spec/members.js';
import { checkLaw } from '../kinds/chains/laws/check.js';
import { lawsOf, lawsTogether } from '../kinds/chains/laws/index.js';
import type { Law, LawCheck } from '../kinds/chains/laws/types.js';
import type { Results } from './rows.js';
import { seedsByGeneration } from './summary.js';
import type { Measure, Series, Summary } from './summary.js';
import { visible, wrap } from './text.js';

export interface CheckedLaw {
  readonly series: Series;
  /** of the series, for its colour */
  readonly index: number;
  readonly measure: Measure;
  readonly law: Law;
  readonly check: LawCheck;
}

const CONFIDENCE = 0.99;

/** None where no law is known; a measure that is not in the summary is left out. */
export function checkedLaws({ plan }: Pick<Results, 'plan'>, summary: Summary): CheckedLaw[] {
  return plan.conditions.flatMap((condition) =>
    chainMembers(plan).flatMap(({ name: of }) => {
      const { name } = condition;
      const names = chainGroups(condition).find((group) => group.includes(of))!;
      const { member: first, tied = [], phases } = chainPart(condition, names);
      const group = [first, ...tied];
      const member = group.find((one) => one.name === of)!;
      // the laws are of one mixture from the first generation on
      if (phases) return [];
      const index = summary.series.findIndex((s) => s.condition === name && s.member === member.name);
      if (index < 0) return [];
      const series = summary.series[index];
      const laws = tied.length > 0 ? lawsTogether(of, group) : lawsOf(member.world, member.sample, member.mixture);
      return laws.flatMap((law) => {
        const measure = summary.measures.find((m) => m.metric === law.metric && m.variant === law.variant);
        if (!measure) return [];
        const points = series.points.get(measure.key) ?? [];
        const values = new Map(points.map((p) => [p.generation, p.values]));
        // a collapsed chain may have no value: the others alone would not follow the law
        const incomplete = [...seedsByGeneration(series)].flatMap(([t, n]) => ((values.get(t)?.length ?? 0) < n ? [t] : []));
        const check = checkLaw(law, values, CONFIDENCE, incomplete);
        return [{ series, index, measure, law, check }];
      });
    }),
  );
}

/** "28 of 30 exact laws hold at 99 % confidence; 1 fails, 1 cannot be tested with so few seeds." */
export function lawsHeadline(laws: readonly CheckedLaw[]): string {
  const count = (verdict: LawCheck['verdict']) => laws.filter(({ check }) => check.verdict === verdict).length;
  const [held, failed, open] = [count('pass'), count('fail'), count('undecided')];
  const rest = [
    failed > 0 && `${failed} ${failed === 1 ? 'fails' : 'fail'}`,
    open > 0 && `${open} cannot be tested with so few seeds`,
  ].filter((part) => part !== false);
  return `${held} of ${laws.length} exact ${laws.length === 1 ? 'law holds' : 'laws hold'} at 99 % confidence${rest.length > 0 ? `; ${rest.join(', ')}` : ''}.`;
}

const WORD = { pass: 'pass', fail: 'FAIL', undecided: 'open' } as const;

/** The verdicts as text for a terminal. */
export function renderLaws(laws: readonly CheckedLaw[], width: number): string {
  if (laws.length === 0) return '';
  const lines = laws.flatMap(({ series, law, check }) =>
    wrap(visible(`${series.label}, ${law.name}: ${check.sentence}`), width - 8).map(
      (line, i) => `  ${i === 0 ? WORD[check.verdict] : '    '}  ${line}`,
    ),
  );
  return `${lawsHeadline(laws)}\n${lines.join('\n')}\n`;
}
