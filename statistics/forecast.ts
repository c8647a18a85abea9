/**
 * When will a series cross a line? Each series is a random walk with drift, as chains of models are that learn from each other alone: steps are
 * independent and normal, those of all series follow one rule, and their spread may grow or shrink with how far the walk has come and with
 * time: a discrete chain makes larger steps the closer it comes to dying out, one that accumulates ever smaller ones. How much is not known:
 * every answer is a mean over what the steps leave open.
 */
import { CounterRng } from '../common/philox.js';
import { levene } from './groups.js';
import { quantile } from './summary.js';
import { welchT } from './t-tests.js';

/** One way in which steps may go, and what was learnt of it: var(step) = σ² e^(level (x - x₀)) (t / t₀)^time, at the end σ². */
export interface Form {
  readonly level: number;
  readonly time: number;
  /** of a step, by least squares with the inverse variances as weights, whose sum is `weight` */
  readonly drift: number;
  readonly weight: number;
  /** weighted sum of squares around the drift: σ² times a chi square of `steps - 1` */
  readonly squares: number;
  /** that this is how steps go, among the forms */
  readonly chance: number;
}

/** Steps of some series, and what they say of the next ones. */
export interface Walk {
  readonly forms: readonly Form[];
  /** steps that were learnt from */
  readonly steps: number;
  /** t₀, steps from the beginning to the end of what is known, and x₀, where the series stand then on average */
  readonly time: number;
  readonly end: number;
  /**
   * p of what the model denies, of steps in units of their spread: that those of the second half have another mean (Welch), or another
   * spread (Levene, by medians), than those of the first; NaN of too few
   */
  readonly changed: { readonly drift: number; readonly spread: number };
}

/**
 * Exponents that are looked at, of level in standard deviations of the levels that were seen, and how far from none they are expected
 * (standard deviation of a normal prior): wide enough for the laws of the cheap models, bench/forecast.mjs.
 */
const LEVELS = [-4, -3, -2, -1.4, -0.9, -0.5, -0.25, 0, 0.25, 0.5, 0.9, 1.4, 2];
const TIMES = [-5, -4, -3.2, -2.5, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4];
const EXPECTED = { level: 1, time: 2 };
/** What a spread may still become: a rule that was seen over a stretch is not believed far beyond it. Logarithm of a variance. */
const FARTHEST = 0.7;

/** @param rows equally spaced values of each series, all of one length; @returns undefined of fewer than three steps in all */
export function walkOf(rows: readonly ArrayLike<number>[]): Walk | undefined {
  const time = (rows[0]?.length ?? 0) - 1;
  const seen = rows.flatMap((row) => Array.from({ length: Math.max(0, time) }, (_, t) => ({ x: row[t], t: t + 1, step: row[t + 1] - row[t] }))); // prettier-ignore
  const steps = seen.length;
  if (steps < 3) return undefined;
  const end = rows.reduce((sum, row) => sum + row[time], 0) / rows.length;
  const mean = seen.reduce((sum, { x }) => sum + x, 0) / steps;
  const unit = Math.sqrt(seen.reduce((sum, { x }) => sum + (x - mean) ** 2, 0) / steps) || 1;
  const fitted = LEVELS.flatMap((by) =>
    TIMES.map((exponent) => {
      const level = by / unit;
      const logs = seen.map(({ x, t }) => level * (x - end) + exponent * Math.log(t / time));
      let [weight, sum, log] = [0, 0, 0];
      logs.forEach((v, i) => {
        weight += Math.exp(-v);
        sum += Math.exp(-v) * seen[i].step;
        log += v;
      });
      const drift = sum / weight;
      const squares = seen.reduce((all, { step }, i) => all + Math.exp(-logs[i]) * (step - drift) ** 2, 0);
      // the steps' likelihood with drift and σ left out by integration (flat, and 1/σ²), and the prior
      const likely = -(log + Math.log(weight) + (steps - 1) * Math.log(squares)) / 2;
      const prior = -((by / EXPECTED.level) ** 2 + (exponent / EXPECTED.time) ** 2) / 2;
      return { form: { level, time: exponent, drift, weight, squares }, logs, score: likely + prior };
    }),
  );
  // steps without any spread leave nothing open but which form is told of them
  const best = fitted.reduce((a, b) => (b.score > a.score || Number.isNaN(a.score) ? b : a));
  const chances = fitted.map(({ score }) => (best.score === Infinity || Number.isNaN(score) ? Number(score === best.score) : Math.exp(score - best.score))); // prettier-ignore
  const all = chances.reduce((sum, chance) => sum + chance, 0);
  const residuals = seen.map(({ step, t }, i) => ({ t, z: step / Math.exp(best.logs[i] / 2) }));
  const half = (late: boolean): number[] => residuals.flatMap(({ t, z }) => (t > Math.floor(time / 2) === late ? [z] : []));
  const [early, later] = [half(false), half(true)];
  return {
    forms: fitted.map(({ form }, i) => ({ ...form, chance: chances[i] / all })).filter(({ chance }) => chance > 1e-6),
    steps,
    time,
    end,
    changed: { drift: welchT(early, later).p, spread: levene([early, later]).p },
  };
}

/** Below this p, steps count as having changed in a way that no form has. */
const CHANGED = 0.01;
/** Whether the drift did: then the second half alone is learnt from. */
export const hasTurned = ({ changed: { drift } }: Pick<Walk, 'changed'>): boolean => drift < CHANGED;
export const hasChanged = ({ changed: { drift, spread } }: Walk): boolean => Math.min(drift, spread) < CHANGED;

/** The same, learnt from the second half alone where the drift has changed; `changed` then says so of the whole. */
export function recentWalk(rows: readonly ArrayLike<number>[]): Walk | undefined {
  const whole = walkOf(rows);
  if (whole === undefined || !hasTurned(whole)) return whole;
  const late = walkOf(rows.map((row) => Array.from(row).slice(Math.floor((row.length - 1) / 2))));
  return late && { ...late, changed: whole.changed };
}

export interface PathOptions {
  readonly paths?: number;
  readonly seed?: number;
}

const PATHS = 2000;

/**
 * Goes on as the steps did: the form, drift and spread are drawn from what the steps leave open, then a path of `horizon` steps. Several
 * places to start from give one of them a path, in turn.
 * @param visit is told where a path stands after each step; false: it need not go on
 */
function walkOn(
  { forms, steps, time, end }: Walk,
  from: readonly number[],
  horizon: number,
  { paths = PATHS, seed = 0 }: PathOptions,
  visit: (path: number, h: number, value: number) => boolean,
): void {
  const rng = new CounterRng({ seed, generation: 0, member: '', step: 'forecast' });
  const df = steps - 1;
  for (let path = 0; path < paths; path++) {
    const normal = (index: number): number => rng.normal(index, path);
    const form = drawn(forms, rng.uniform(path));
    const variance = form.squares / chiSquare(normal, df);
    const drift = form.drift + Math.sqrt(variance / form.weight) * normal(0);
    let value = from[path % from.length];
    for (let h = 1; h <= horizon; h++) {
      const log = form.level * (value - end) + form.time * Math.log((time + h) / time);
      value += drift + Math.sqrt(variance * Math.exp(Math.max(-FARTHEST, Math.min(FARTHEST, log)))) * normal(h);
      if (!visit(path, h, value)) break;
    }
  }
}

function drawn(forms: readonly Form[], u: number): Form {
  let left = u;
  return forms.find(({ chance }) => (left -= chance) < 0) ?? forms[forms.length - 1];
}

/** Where a series that stands at `from` will lie after each of these numbers of steps: a prediction interval of one series. */
export function bandsAt(
  walk: Walk,
  from: number,
  ahead: readonly number[],
  confidence = 0.9,
  options: PathOptions = {},
): (readonly [number, number])[] {
  const { paths = PATHS } = options;
  const found = ahead.map(() => new Float64Array(paths));
  walkOn(walk, [from], Math.max(...ahead), options, (path, h, value) => {
    const i = ahead.indexOf(h);
    if (i >= 0) found[i][path] = value;
    return true;
  });
  return found.map((values) => [quantile(values.sort(), (1 - confidence) / 2), quantile(values, (1 + confidence) / 2)]);
}

export interface Crossing {
  /** steps from now to the first crossing, by quantile of the predictive distribution; Infinity: not within the horizon */
  readonly early: number;
  readonly middle: number;
  readonly late: number;
  /** chance that the line is crossed within the horizon */
  readonly within: number;
}

/**
 * First steps at which walks cross a line from where they stand. Several series give the crossing of one of them, at random.
 * @param horizon steps that are looked at
 */
export function crossing(
  walk: Walk,
  from: readonly number[],
  line: number,
  horizon: number,
  { confidence = 0.9, ...options }: PathOptions & { readonly confidence?: number } = {},
): Crossing {
  const { paths = PATHS } = options;
  const found = Float64Array.from({ length: paths }, (_, path) => (from[path % from.length] === line ? 0 : Infinity));
  walkOn(walk, from, horizon, options, (path, h, value) => {
    const start = from[path % from.length];
    if (found[path] === Infinity && (start < line ? value >= line : value <= line)) found[path] = h;
    return found[path] === Infinity;
  });
  found.sort();
  const reached = found.filter((at) => at !== Infinity).length / paths;
  const of = (q: number): number => found[Math.min(paths - 1, Math.floor(q * paths))];
  return { early: of((1 - confidence) / 2), middle: of(0.5), late: of((1 + confidence) / 2), within: reached };
}

/** A sum of so many squares, of many by Wilson and Hilferty's cube. */
function chiSquare(normal: (index: number) => number, df: number): number {
  const beyond = 2 ** 32;
  if (df > 200) {
    const a = 2 / (9 * df);
    return df * (1 - a + Math.sqrt(a) * normal(beyond)) ** 3;
  }
  let sum = 0;
  for (let i = 0; i < df; i++) sum += normal(beyond + i) ** 2;
  return sum;
}
