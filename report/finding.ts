/** What an experiment shows, in sentences computed from its scores, each with its uncertainty. No condition is left out. */
import { changes, compare, isSigned, size, unchanged, type Change, type Comparison } from './change.js';
import { WITHOUT_END_TOKEN } from '../evaluations/perplexity.js';
import { stepMembers } from '../spec/members.js';
import type { ExperimentPlan } from '../spec/plan.js';
import { capital, formatNumber } from './format.js';
import { groupBy, unrelated } from './summary.js';
import type { Measure, Point, Series, Summary } from './summary.js';

export interface Finding {
  /** one short line */
  readonly headline: string;
  /** the same with numbers and intervals */
  readonly sentences: readonly string[];
}

/** Conditions that a headline names; it says how many more there are. */
const HEADLINE_CONDITIONS = 3;
/** With more conditions than this, only the two that differ most are compared with each other. */
const CONTRASTS = 4;

/**
 * The measure that a report leads with: perplexity (of each model on real text) where it is measured, else the first. Where models
 * may never write an end token, its perplexity is the one without them: what was forbidden is not what was forgotten.
 */
export function leadMeasure(summary: Summary, plan?: ExperimentPlan): Measure | undefined {
  const all = summary.measures.filter(({ metric }) => metric === 'perplexity');
  const without = all.find(({ variant }) => variant.endsWith(`/${WITHOUT_END_TOKEN}`));
  if (without !== undefined && plan !== undefined && forbidsEndTokens(plan)) return without;
  return all.find((measure) => measure !== without) ?? summary.measures[0];
}

/** Whether the models' texts have a fixed length: an end token is then never written. */
function forbidsEndTokens(plan: ExperimentPlan): boolean {
  return stepMembers(plan).some(
    (member) => member.family === 'language-model' && member.decoding.minNewTokens >= member.decoding.maxNewTokens,
  );
}

export function findings(summary: Summary, plan?: ExperimentPlan): Finding {
  const [first, ...others] = unrelated(summary).map((part) => findingsOf(part, plan));
  return { headline: first.headline, sentences: [...first.sentences, ...others.flatMap(({ sentences }) => sentences)] };
}

function findingsOf(summary: Summary, plan: ExperimentPlan | undefined): Finding {
  const measure = leadMeasure(summary, plan);
  if (measure === undefined) return { headline: 'No scores yet', sentences: ['No generation has been scored so far.'] };
  const all = changes(summary, measure).filter(({ series }) => !series.level);
  // members read texts through tokenizers of their own: each is compared with itself alone
  const byMember = [...groupBy(all, ({ series }) => series.member).values()];
  if (all.every(({ first, last }) => first === last)) {
    return {
      headline: 'No change to report yet',
      sentences: [`There are not yet two generations whose ${measure.label} can be compared.`],
    };
  }
  return {
    headline: capital(`${measure.label} ${verdicts(all)}`),
    sentences: [
      ...all.map((change) => sentence(change, measure)),
      ...summary.series
        .filter(({ level }) => level)
        .flatMap((series) => besideLevel(series, all, measure, isSigned(summary, measure))),
      ...byMember.flatMap((own) => contrasts(summary, measure, own)),
    ],
  };
}

/** What happened under each condition, largest change first; a verb is said once for neighbours that share it. */
function verdicts(all: readonly Change[]): string {
  const ordered = [...all].sort((a, b) => rank(b) - rank(a));
  const parts = ordered.slice(0, HEADLINE_CONDITIONS).map((change) => ({ ...verdict(change), under: change.series.label }));
  const said = parts.map(({ verb, amount, under }, i) =>
    `${verb === parts[i - 1]?.verb ? '' : verb}${amount} under ${under}`.trim(),
  );
  const more = ordered.length - parts.length;
  const text = said.length < 2 ? said.join('') : `${said.slice(0, -1).join(', ')} and ${said[said.length - 1]}`;
  return more === 0 ? text : `${text} (${more} more ${more === 1 ? 'condition' : 'conditions'} below)`;
}

/** What has no value any more stands first, then what changed most; what cannot be compared yet stands last. */
function rank({ comparison, last, first }: Change): number {
  if (comparison !== undefined) return size(comparison);
  return first === last ? -1 : Infinity;
}

function verdict({ comparison, first, last }: Change): { verb: string; amount: string } {
  if (comparison === undefined)
    return { verb: first === last ? 'cannot be compared yet' : `has no value at generation ${last}`, amount: '' };
  const { kind, value, low, high } = comparison;
  const same = unchanged(comparison);
  if (low !== undefined && high !== undefined && low <= same && high >= same && low !== high)
    return { verb: 'shows no clear change', amount: '' };
  const amount = formatNumber(Math.abs(value), 2);
  if (value === same || (kind !== 'difference' && Number(amount) === 1)) return { verb: 'stays as it was', amount: '' };
  const verb = value > same ? 'rises' : 'falls';
  if (kind === 'difference') return { verb, amount: ` by ${amount}` };
  if (value === 0) return { verb, amount: ' to 0' };
  return { verb, amount: value > 1 ? ` ${amount}-fold` : ` to ${amount} of its start` };
}

function sentence({ series, first, last, seeds, valued, lastValued, comparison }: Change, { label }: Measure): string {
  const [started, came] = seeds;
  const under = `Under ${series.label}, `;
  const behind = came < started ? ` ${came} of ${started} seeds ${came === 1 ? 'has' : 'have'} come so far.` : '';
  if (comparison === undefined) {
    if (first === last && lastValued !== undefined)
      return `${under}${label} has been measured at generation ${first} only.${behind}`;
    const before = lastValued === undefined ? '' : `; the last value is that of generation ${lastValued}`;
    return `${under}${label} has no value at generation ${last} in any seed${before}.${behind}`;
  }
  const { kind, value, zeros, n } = comparison;
  const missing = valued < came ? ` It has no value there in ${came - valued} of ${came} seeds, which are left out.` : '';
  const at = `${label} at generation ${last}`;
  const sure = uncertainty(comparison);
  if (kind === 'difference') {
    const moved = value === 0 ? 'the same as' : `${formatNumber(Math.abs(value), 3)} ${value > 0 ? 'above' : 'below'}`;
    return `${under}${at} is ${moved} ${value === 0 ? 'at' : 'that of'} generation ${first} (${sure}).${missing}${behind}`;
  }
  if (value === 0) return `${under}${at} is 0 in ${n === 1 ? 'the one seed' : `all ${n} seeds`}.${missing}${behind}`;
  const ratio = `${formatNumber(value, 3)} times that of generation ${first}`;
  if (kind === 'ratio') return `${under}${at} is ${ratio} (${sure}).${missing}${behind}`;
  const [above, below] = zeros;
  const gone = [
    ...(above > 0 ? [`0 in ${above} of ${n} seeds`] : []),
    ...(below > 0 ? [`was 0 in ${below} of ${n} at generation ${first}`] : []),
  ].join(', and ');
  return `${under}${at} is ${gone}; its mean is ${ratio} (${sure}).${missing}${behind}`;
}

/** Of a condition that others are compared with: its value, and where they have come to beside it. */
function besideLevel(
  { label: name, member, points }: Series,
  all: readonly Change[],
  { key, label }: Measure,
  signed: boolean,
): string[] {
  const [point] = points.get(key) ?? [];
  if (point === undefined) return [];
  const { mean, halfWidth, n } = point;
  const sure = halfWidth === undefined ? '1 seed' : `95 % interval ${formatNumber(mean - halfWidth, 3)} to ${formatNumber(mean + halfWidth, 3)}; ${n} seeds`; // prettier-ignore
  const own = all.filter(({ series, comparison }) => series.member === member && comparison !== undefined);
  const contrasts = own.slice(0, CONTRASTS).map(({ series }) => {
    const last = series.points.get(key)!.at(-1)!;
    const comparison = compare(last, point, signed);
    return comparison === undefined ? [] : contrastSentence(last, point, comparison, series.label, `${name} at generation 0`);
  });
  return [`Under ${name}, which has generation 0 alone, ${label} is ${formatNumber(mean, 3)} (${sure}).`, ...contrasts.flat()];
}

/** Conditions against each other, paired by seed: every one against the one that changed least, or of many the two farthest apart. */
function contrasts(summary: Summary, measure: Measure, all: readonly Change[]): string[] {
  const compared = all.filter(({ comparison }) => comparison !== undefined).sort((a, b) => rank(b) - rank(a));
  if (compared.length < 2) return [];
  const least = compared[compared.length - 1];
  const others = compared.length <= CONTRASTS ? compared.slice(0, -1) : compared.slice(0, 1);
  const signed = isSigned(summary, measure);
  return others.map((most) => contrast(most, least, measure, signed));
}

function contrast(most: Change, least: Change, { key }: Measure, signed: boolean): string {
  const below = least.series.points.get(key)!;
  const common = most.series.points.get(key)!.filter((point) => below.some(({ generation }) => generation === point.generation));
  const above = common[common.length - 1];
  const facing = below.find(({ generation }) => generation === above?.generation);
  const comparison = above && facing && compare(above, facing, signed);
  const [here, there] = [most.series.label, least.series.label];
  if (facing === undefined || comparison === undefined)
    return `Conditions ${here} and ${there} have no seed in common at any generation, so they are not compared.`;
  return contrastSentence(above, facing, comparison, here, there);
}

/** @param there what is below the comparison, in words behind "under" */
function contrastSentence(above: Point, facing: Point, comparison: Comparison, here: string, there: string): string {
  const { kind, value, n } = comparison;
  const sure = `${uncertainty(comparison)}${n > 1 ? ', paired by seed' : ''}`;
  const at = `At generation ${above.generation} it is`;
  if (kind !== 'difference' && value === 0)
    return `${at} 0 under ${here} in every seed, and ${formatNumber(facing.mean, 3)} on average under ${there}.`;
  if (kind !== 'difference') return `${at} ${formatNumber(value, 3)} times as high under ${here} as under ${there} (${sure}).`;
  if (value === 0) return `${at} as high under ${here} as under ${there} (${sure}).`;
  return `${at} ${formatNumber(Math.abs(value), 3)} ${value > 0 ? 'higher' : 'lower'} under ${here} than under ${there} (${sure}).`;
}

function uncertainty(comparison: Comparison): string {
  const { low, high, n } = comparison;
  if (low === undefined || high === undefined) return 'one seed, so no interval';
  if (high - low <= 1e-12 * Math.abs(high)) return `the same in all ${n} seeds`;
  const same = unchanged(comparison);
  const includes = low <= same && high >= same ? ', which includes no change' : '';
  const interval = `${formatNumber(low, 3)} to ${formatNumber(high, 3)}${includes}`;
  if (comparison.kind === 'ratio') return `geometric mean of ${n} seeds; 95 % interval ${interval}`;
  return `95 % interval${comparison.kind === 'difference' ? ' of the difference' : ''} ${interval}; ${n} seeds`;
}
