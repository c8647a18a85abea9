/** What an experiment shows, in sentences computed from its scores, each with its uncertainty. */
import { formatNumber } from './format.js';
import { estimate } from './summary.js';
import type { Measure, Point, Series, Summary } from './summary.js';

/** A ratio: the geometric mean over seeds, with a 95 % t-interval of the log ratios where there are two seeds or more. */
export interface Ratio {
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
  readonly n: number;
}

/** The last generation of a series against its first, seed by seed. */
export interface Change {
  readonly series: Series;
  readonly first: number;
  readonly last: number;
  /** absent where a value is zero or negative, so that no ratio exists */
  readonly ratio?: Ratio;
}

export interface Finding {
  /** one short line */
  readonly headline: string;
  /** the same with numbers and intervals */
  readonly sentences: readonly string[];
}

/** Conditions that a headline names. */
const HEADLINE_CONDITIONS = 3;

/** The measure that a report leads with: perplexity (of each model on real text) where it is measured, else the first. */
export function leadMeasure(summary: Summary): Measure | undefined {
  return summary.measures.find((measure) => measure.metric === 'perplexity') ?? summary.measures[0];
}

/** How a measure changed from the first to the last generation of each series; series with one generation are left out. */
export function changes(summary: Summary, measure: Measure): Change[] {
  return summary.series.flatMap((series) => {
    const points = series.points.get(measure.key) ?? [];
    if (points.length < 2) return [];
    const [first, last] = [points[0], points[points.length - 1]];
    return [{ series, first: first.generation, last: last.generation, ratio: ratioOf(last, first) }];
  });
}

/** Value over value for the seeds that both points have. */
export function ratioOf(above: Point, below: Point): Ratio | undefined {
  const denominators = new Map(below.seeds.map(({ seed, value }) => [seed, value]));
  const pairs = above.seeds
    .filter(({ seed }) => denominators.has(seed))
    .map(({ seed, value }) => [value, denominators.get(seed)!]);
  if (pairs.length === 0 || pairs.some(([a, b]) => a <= 0 || b <= 0)) return undefined;
  const { mean, halfWidth, n } = estimate(pairs.map(([a, b]) => Math.log(a / b)));
  if (halfWidth === undefined) return { value: Math.exp(mean), n };
  return { value: Math.exp(mean), low: Math.exp(mean - halfWidth), high: Math.exp(mean + halfWidth), n };
}

export function findings(summary: Summary): Finding {
  const measure = leadMeasure(summary);
  if (measure === undefined) return { headline: 'No scores yet', sentences: ['No generation has been scored so far.'] };
  const changed = changes(summary, measure).filter((change) => change.ratio !== undefined);
  if (changed.length === 0) {
    return {
      headline: 'No change to report yet',
      sentences: [`There are not yet two generations whose ${measure.label} can be compared.`],
    };
  }
  const headline = capital(`${measure.label} ${verdicts(changed)}`);
  const sentences = changed.map(({ series, first, last, ratio }) => {
    const change = `Under ${series.label}, ${measure.label} at generation ${last} is ${times(ratio!)} that of generation ${first}`;
    return `${change} (${uncertainty(ratio!)}).`;
  });
  const contrast = contrastSentence(changed, measure);
  return { headline, sentences: contrast === undefined ? sentences : [...sentences, contrast] };
}

/** What happened under each condition, largest change first; a verb is said once for neighbours that share it. */
function verdicts(changed: readonly Change[]): string {
  const parts = [...changed]
    .sort((a, b) => changeSize(b) - changeSize(a))
    .slice(0, HEADLINE_CONDITIONS)
    .map(({ series, ratio }) => {
      const { value, low, high } = ratio!;
      const clear = low === undefined || high === undefined || low > 1 || high < 1;
      if (!clear) return { verb: 'shows no clear change', amount: '', under: series.label };
      const fold = formatNumber(value, 2);
      if (Number(fold) === 1) return { verb: 'stays as it was', amount: '', under: series.label };
      return value >= 1
        ? { verb: 'rises', amount: ` ${fold}-fold`, under: series.label }
        : { verb: 'falls', amount: ` to ${fold} of its start`, under: series.label };
    });
  const said = parts.map(({ verb, amount, under }, i) =>
    `${verb === parts[i - 1]?.verb ? '' : verb}${amount} under ${under}`.trim(),
  );
  return said.length < 2 ? said.join('') : `${said.slice(0, -1).join(', ')} and ${said[said.length - 1]}`;
}

function changeSize(change: Change): number {
  return Math.abs(Math.log(change.ratio!.value));
}

/** The condition that changed most against the one that changed least, at the last generation that both have, paired by seed. */
function contrastSentence(changed: readonly Change[], measure: Measure): string | undefined {
  if (changed.length < 2) return undefined;
  const most = changed.reduce((a, b) => (changeSize(b) > changeSize(a) ? b : a));
  const least = changed.reduce((a, b) => (changeSize(b) < changeSize(a) ? b : a));
  const generation = Math.min(most.last, least.last);
  const at = ({ series }: Change) => series.points.get(measure.key)!.find((point) => point.generation === generation);
  const [above, below] = [at(most), at(least)];
  const ratio = most !== least && above && below ? ratioOf(above, below) : undefined;
  if (ratio === undefined) return undefined;
  const paired = ratio.n > 1 ? ', paired by seed' : '';
  return `At generation ${generation} it is ${times(ratio)} as high under ${most.series.label} as under ${least.series.label} (${uncertainty(ratio)}${paired}).`;
}

function times({ value }: Ratio): string {
  return `${formatNumber(value, 3)} times`;
}

function uncertainty({ low, high, n }: Ratio): string {
  if (low === undefined || high === undefined) return 'one seed, so no interval';
  const includesOne = low <= 1 && high >= 1 ? ', which includes no change' : '';
  return `95 % interval ${formatNumber(low, 3)} to ${formatNumber(high, 3)}${includesOne}; ${n} seeds`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
