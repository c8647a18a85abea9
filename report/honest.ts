/** Language models' curves beside those of honest sampling alone (kinds/text/laws): what a learner and its decoder add to what chance loses. */
import { isTrainingVariant } from '../evaluations/training.js';
import { frequenciesFrom } from '../evaluations/spectrum.js';
import { SURVIVAL } from '../evaluations/survival.js';
import { chainsFor, honestChains, honestRule, type HonestMeasure, type HonestSeed } from '../kinds/text/laws/honest-sampling.js';
import { normalQuantile } from '../statistics/distributions.js';
import { quantile, summarize } from '../statistics/summary.js';
import { formatEstimate, formatNumber } from './format.js';
import type { Results } from './rows.js';
import { estimate, groupBy, type Estimate, type Measure, type Series, type Summary } from './summary.js';
import { visible, wrap } from './text.js';

/** Chains of honest sampling at one generation. */
export interface HonestPoint {
  readonly generation: number;
  readonly mean: number;
  /** holds 95 in 100 chains, and 99 */
  readonly band: readonly [low: number, high: number];
  readonly wide: readonly [low: number, high: number];
}

export interface HonestBand {
  readonly series: Series;
  /** of the series, for its colour */
  readonly index: number;
  readonly measure: Measure;
  readonly points: readonly HonestPoint[];
  readonly chains: number;
  /** at the last generation: what was measured, and how far it is from the chains' mean */
  readonly observed: Estimate;
  readonly added: Estimate;
  /** seeds, and how many of them lie in the 99 % band */
  readonly seeds: number;
  readonly inside: number;
}

/** None where `survival` was not measured, which is how a report knows the real text's frequencies; nor where no law of a mixture is known. */
export function honestBands(results: Results, summary: Summary): HonestBand[] {
  return results.plan.conditions.flatMap((condition) =>
    condition.members.flatMap((member) => {
      if (!('family' in member) || member.family !== 'language-model' || member.postprocess !== undefined || condition.phases)
        return [];
      const rule = honestRule(member.mixture, member.sample);
      const index = summary.series.findIndex((s) => s.condition === condition.name && s.member === member.name);
      if (rule === undefined || index < 0) return [];
      const series = summary.series[index];
      const asked = summary.measures.flatMap((measure) => {
        const kind = series.points.has(measure.key) ? honestMeasure(measure) : undefined;
        return kind ? [{ measure, kind }] : [];
      });
      const seeds = seedsOf(results, condition.name, member.name);
      const last = Math.min(...seeds.map(({ written }) => written.length)) - 1;
      if (asked.length === 0 || !Number.isFinite(last) || last < 1) return [];
      const chains = chainsFor(seeds);
      const values = honestChains(seeds, rule, asked.map(({ kind }) => kind), chains); // prettier-ignore
      return asked.flatMap(({ measure }, m) => {
        const measured = series.points.get(measure.key)!.filter(({ generation }) => generation <= last);
        const end = measured.at(-1);
        if (end === undefined) return [];
        const points = measured.map(({ generation }) => pointOf(generation, values[m][generation]));
        const { mean, wide } = points[points.length - 1];
        const observed = Array.from(end.values);
        const rounding = 1e-12;
        return {
          series,
          index,
          measure,
          points,
          chains,
          observed: estimate(observed),
          added: estimate(observed.map((value) => value - mean)),
          seeds: observed.length,
          inside: observed.filter((value) => value >= wide[0] - rounding && value <= wide[1] + rounding).length,
        };
      });
    }),
  );
}

/** So many chains have quantiles of their own; of fewer, which are of large vocabularies, the normal law's stand in. */
const OWN_QUANTILES = 400;

function pointOf(generation: number, values: Float64Array): HonestPoint {
  const { mean, sd = 0 } = summarize(values);
  const ascending = values.slice().sort();
  const between = (tail: number) => {
    if (values.length >= OWN_QUANTILES) return [quantile(ascending, tail), quantile(ascending, 1 - tail)] as const;
    const half = normalQuantile(1 - tail) * sd;
    return [mean - half, mean + half] as const;
  };
  return { generation, mean, band: between(0.025), wide: between(0.005) };
}

/** What of a bag of tokens a measure is; undefined where it is none, or one at another size or of the training set. */
function honestMeasure({ metric, variant, settings }: Measure): HonestMeasure | undefined {
  if (isTrainingVariant(variant) || Object.keys(settings).some((key) => key.startsWith('size.'))) return undefined;
  const name = `${metric}/${variant}`;
  if (name === `${SURVIVAL.name}/${SURVIVAL.variant}`) return { kind: 'alive', first: 0 };
  if (name === `${SURVIVAL.name}/${SURVIVAL.variant}/tail-rate`) return { kind: 'tail', mass: Number(settings.mass) };
  if (name === 'coverage/of-real-token-types') return { kind: 'alive', first: Number(settings.tokens) };
  return undefined;
}

/** Each seed's real frequencies and how much its models wrote, up to the first generation that was not measured. */
function seedsOf({ scores, histograms }: Results, condition: string, member: string): HonestSeed[] {
  const found = new Map<number, { real: number; written: number[] }>();
  for (const part of scores) {
    if (part.kind !== 'values' || part.place.condition !== condition || part.place.member !== member) continue;
    const { seed, generation } = part.place;
    for (const { metric, variant, n } of part.values) {
      if (metric !== SURVIVAL.name || !variant.startsWith(SURVIVAL.variant)) continue;
      const of = found.get(seed) ?? { real: 0, written: [] };
      found.set(seed, of);
      if (variant === SURVIVAL.variant) of.written[generation] = n;
      else if (variant.endsWith('/of-real')) of.real = n;
    }
  }
  return [...found].flatMap(([seed, { real, written }]) => {
    const spectrum = histograms.find((h) => h.name === SURVIVAL.name && h.condition === condition && h.member === member && h.seed === seed); // prettier-ignore
    const gap = Array.from(written).findIndex((n) => n === undefined);
    const whole = gap < 0 ? written : written.slice(0, gap);
    return spectrum === undefined || whole.length === 0 ? [] : [{ frequencies: frequenciesFrom(spectrum, real), written: whole }];
  });
}

/** Bands of a series that agree in every number, as those of `survival` and of `coverage` over all that was written do. */
export interface HonestRow extends Omit<HonestBand, 'measure'> {
  readonly measures: readonly Measure[];
  readonly label: string;
}

export function honestRows(bands: readonly HonestBand[]): HonestRow[] {
  const numbers = ({ index, measure: _, series: __, ...rest }: HonestBand): string => JSON.stringify([index, rest]);
  return [...groupBy(bands, numbers).values()].map((same) => {
    const measures = same.map(({ measure }) => measure);
    return { ...same[0], measures, label: measures.map(({ label }) => label).join(', ') };
  });
}

/** As `results --json` has them; `generations`: of the chains, with the ranges that hold 95 and 99 in 100. */
export function honestJson(bands: readonly HonestBand[]): object[] {
  return honestRows(bands).map(({ series: { condition, member }, measures, points, chains, observed, added, seeds, inside }) => ({
    condition,
    member,
    measures: measures.map(({ metric, variant, version, settings }) => ({ metric, variant, version, settings })),
    chains,
    generations: points,
    observed,
    added,
    seeds,
    inside,
  }));
}

/** "generation 5: 0.21 ± 0.02; honest sampling alone 0.601, 99 % of chains in [0.58, 0.62]: -0.39 ± 0.02; all 3 seeds lie outside" */
export function honestSentence({ points, observed, added, seeds, inside }: Omit<HonestBand, 'measure'>): string {
  const { generation, mean, wide } = points[points.length - 1];
  const range = `[${formatNumber(wide[0])}, ${formatNumber(wide[1])}]`;
  const all = seeds === 1 ? 'the seed lies' : `all ${seeds} seeds lie`;
  const counted = inside === seeds ? `${all} inside` : inside === 0 ? `${all} outside` : `${inside} of ${seeds} seeds lie inside`; // prettier-ignore
  return `generation ${generation}: ${formatEstimate(observed)}; honest sampling alone ${formatNumber(mean)}, 99 % of chains in ${range}; the learner adds ${formatEstimate(added)}; ${counted}`;
}

/** One sentence above rows. */
export function honestHeadline(rows: readonly HonestRow[]): string {
  const outside = rows.filter(({ inside, seeds }) => inside < seeds).length;
  const chains = Math.min(...rows.map((row) => row.chains));
  return `Honest sampling alone (${chains} simulated chains or more): ${outside} of ${rows.length} curves end with a seed outside what 99 % of them do.`;
}

/** As text for a terminal. */
export function renderHonest(bands: readonly HonestBand[], width: number): string {
  if (bands.length === 0) return '';
  const rows = honestRows(bands);
  const lines = rows.flatMap((row) =>
    wrap(visible(`${row.series.label}, ${row.label}: ${honestSentence(row)}`), width - 4).map(
      (line, i) => `${i === 0 ? '  ' : '    '}${line}`,
    ),
  );
  return `${honestHeadline(rows)}\n${lines.join('\n')}\n`;
}
