/** Measures by what a reader asks of them. */
import { GROUPS, GROUP_NAMES, type Group } from '../evaluations/groups.js';
import { evaluations } from '../evaluations/index.js';
import { MEASURES } from '../kinds/chains/measures.js';
import type { Measure } from './summary.js';

const OF = new Map<string, Group>([
  ...evaluations.map(({ name, group }) => [name, group] as const),
  ...Object.values(MEASURES).flatMap((measures) => measures.map(({ metric, group }) => [metric, group] as const)),
]);

/** One that this version has not is of the rest. */
export const groupOf = ({ metric }: Pick<Measure, 'metric'>): Group => OF.get(metric) ?? 'other';

/** In the order of groups, each with its measures in their order; those without any are left out. */
export function inGroups<M extends Pick<Measure, 'metric'>>(measures: readonly M[]): { group: Group; own: M[] }[] {
  return GROUP_NAMES.map((group) => ({ group, own: measures.filter((measure) => groupOf(measure) === group) })).filter(
    ({ own }) => own.length > 0,
  );
}

/** Where the table of groups stands in docs/metrics.md. */
export const GROUPS_BEGIN = '<!-- what each answers: node scripts/tables.mjs -->';

/** Markdown, a row a group: what is asked, and the metrics that answer. */
export function groupsTable(): string {
  const rows = inGroups([...OF.keys()].map((metric) => ({ metric }))).map(
    ({ group, own }) => `| ${GROUPS[group].title} | ${GROUPS[group].asks} | ${own.map(({ metric }) => metric).join(', ')} |`,
  );
  return `| | | metrics |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
}
