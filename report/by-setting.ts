/** What became of conditions that differ in one number: a row a condition, a column a measure, each with its change to the row above. */
import { isTrainingVariant } from '../evaluations/training.js';
import { conditionNumbers, settingThatDiffers } from './condition-numbers.js';
import { inGroups } from './groups.js';
import type { Results } from './rows.js';
import { groupBy, seedsByGeneration, type Measure, type Point, type Series, type Summary } from './summary.js';

export interface SettingTable {
  /** `mixture.share` */
  readonly setting: string;
  readonly member: string;
  /** whether other members have a table, too */
  readonly several: boolean;
  /** of what the member wrote and is, or of what it was trained on */
  readonly of: 'member' | 'training';
  readonly generation: number;
  readonly measures: readonly Measure[];
  /** in the order of the file */
  readonly rows: readonly SettingRow[];
}

export interface SettingRow {
  readonly condition: string;
  readonly number: number;
  /** one a measure; absent where it has no value */
  readonly cells: readonly (SettingCell | undefined)[];
}

export interface SettingCell {
  readonly point: Point;
  /** (mean - mean of the row above) / |mean of the row above|; absent in the first row, and where that is 0 or missing */
  readonly change?: number;
}

/** Seeds of the cell that has the most. */
export const mostSeeds = ({ rows }: Pick<SettingTable, 'rows'>): number =>
  Math.max(...rows.flatMap(({ cells }) => cells.map((cell) => cell?.point.n ?? 0)));

/**
 * One a member, before it one of what it was trained on where that is measured; at a generation, or at the last that all rows have.
 * @param over as `conditionNumbers` takes it; default: the one number in which the conditions of the file differ, if there is one
 * @returns none where no number is given or found
 * @throws HabsburgError as `conditionNumbers` does
 */
export function settingTables(
  results: Pick<Results, 'plan' | 'document'>,
  summary: Summary,
  over = settingThatDiffers(results),
  generation?: number,
): SettingTable[] {
  if (over === undefined) return [];
  const { name, of } = conditionNumbers(results, over);
  const byMember = [...groupBy(summary.series, ({ member }) => member)];
  const ordered = inGroups(summary.measures).flatMap(({ own }) => own);
  return byMember.flatMap(([member, series]): SettingTable[] => {
    const rows = [...of].flatMap(([condition, number]) => {
      const found = series.find((one) => one.condition === condition);
      return found === undefined ? [] : [{ condition, number, series: found }];
    });
    const t = generation ?? lastOfAll(rows.map((row) => row.series));
    const at = ({ points }: Series, { key }: Measure) => points.get(key)?.find((point) => point.generation === t);
    const present = ordered.filter((measure) => rows.some((row) => at(row.series, measure) !== undefined));
    if (t === undefined || rows.length < 2) return [];
    const learnt = present.filter(({ variant }) => isTrainingVariant(variant));
    const own = present.filter((measure) => !learnt.includes(measure));
    const tableOf = (kind: SettingTable['of'], measures: readonly Measure[]): SettingTable[] => {
      if (measures.length === 0) return [];
      return [
        {
          setting: name,
          member,
          several: byMember.length > 1,
          of: kind,
          generation: t,
          measures,
          rows: rows.map(({ condition, number, series: points }, i) => ({
            condition,
            number,
            cells: measures.map((measure) => cellOf(at(points, measure), i === 0 ? undefined : at(rows[i - 1].series, measure))),
          })),
        },
      ];
    };
    return [...tableOf('training', learnt), ...tableOf('member', own)];
  });
}

function cellOf(point: Point | undefined, above: Point | undefined): SettingCell | undefined {
  if (point === undefined) return undefined;
  if (above === undefined || above.mean === 0) return { point };
  return { point, change: (point.mean - above.mean) / Math.abs(above.mean) };
}

/** The last generation that all series have. */
function lastOfAll(series: readonly Series[]): number | undefined {
  const each = series.map((one) => new Set(seedsByGeneration(one).keys()));
  return [...(each[0] ?? [])].filter((t) => each.every((own) => own.has(t))).sort((a, b) => a - b).at(-1); // prettier-ignore
}
