/** `plan --detect 5%`: how many seeds an effect needs, from runs that are in the store. */
import { openArtifactStore } from '../artifacts/open.js';
import { HabsburgError, isHabsburgError } from '../common/errors.js';
import { shortDigest } from '../documents/plans.js';
import { detectableOf, renderSeedsNeeded, seedsNeeded, type Detectable } from '../report/detect.js';
import { readResults } from '../report/rows.js';
import { summarise, unknownMetric } from '../report/summary.js';
import { planDigest } from '../spec/digest.js';
import type { ExperimentPlan } from '../spec/plan.js';
import { wrap } from '../report/text.js';

export interface DetectOptions {
  readonly detect?: string;
  readonly metric?: string;
  readonly power?: string;
  readonly pilot?: string;
}

interface Detection {
  readonly effect: Detectable;
  readonly metric?: string;
  readonly power: number;
  readonly pilot?: string;
}

/** What was asked, checked; undefined where nothing was. */
export function detection({ detect, metric, power = '0.8', pilot }: DetectOptions): Detection | undefined {
  if (detect === undefined) {
    const stray = Object.entries({ metric, pilot, power: power === '0.8' ? undefined : power }).find(([, value]) => value !== undefined); // prettier-ignore
    if (stray) throw new HabsburgError('invalid', `--${stray[0]} goes with --detect; add that, or leave it out`);
    return undefined;
  }
  const chance = Number(power);
  if (!(chance > 0.05 && chance < 1)) throw new HabsburgError('invalid', `--power ${power} is no chance between 0.05 and 1`);
  return { effect: detectableOf(detect), metric, power: chance, pilot };
}

/** The seeds that each test needs; where nothing was run before, how to get a pilot. */
export async function seedsFor(
  { effect, metric, power, pilot }: Detection,
  plan: ExperimentPlan,
  target: string,
  storeUrl: string,
): Promise<{ readonly text: string; readonly json: object }> {
  const store = openArtifactStore(storeUrl);
  const width = process.stdout.columns ?? 100;
  const asked = { size: effect.size, relative: effect.relative, power };
  const digest = planDigest(plan);
  const results = await readResults(store, pilot ?? plan.name, pilot === undefined ? { digest } : {}).catch((error: unknown) => {
    if (pilot === undefined && isHabsburgError(error) && error.kind === 'notFound') return undefined;
    throw error;
  });
  const source = results && `plan ${shortDigest(results.planDigest)} of ${results.experiment} in ${storeUrl}`;
  if (results === undefined || results.scores.length === 0) {
    const why = `Nothing of this plan has been run in ${storeUrl}, so how much its seeds differ is not known. Run a pilot: habsburg run ${target} --set seeds=1..5, its steps are reused by the whole; or name a like experiment that was run: --pilot NAME.`; // prettier-ignore
    return { text: `${wrap(why, width).join('\n')}\n`, json: { ...asked, why } };
  }
  if (metric !== undefined && metric !== 'all' && summarise(results, metric).measures.length === 0)
    throw unknownMetric(results, metric, source);
  const all = seedsNeeded(results, effect, power, metric);
  if (all.length === 0) throw new HabsburgError('notFound', `there is nothing to compare in ${source}: it takes two conditions, or two generations`); // prettier-ignore
  const tests = all.map(({ test: { measure, label, effect: { kind, spread, n } }, ...needed }) => ({ metric: measure.metric, variant: measure.variant, label, kind, spread, from: n, ...needed })); // prettier-ignore
  return {
    text: renderSeedsNeeded(all, effect, power, source!, width),
    json: { ...asked, source: { experiment: results.experiment, plan: results.planDigest, store: storeUrl }, tests },
  };
}
