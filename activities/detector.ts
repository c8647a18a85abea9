/**
 * detector: a classifier learns to tell what a model wrote from real texts. Output `detector`, a model that the observation `detection`
 * reads texts by. Its report says how good it is on texts that its weights were learned without.
 */
import type { DetectorJob } from '../observations/detector/train.js';
import type { HeldOut } from '../observations/detector/held-out.js';
import { recordsOf } from './sets.js';
import { runStep } from './step.js';
import type { ActivityDependencies, DetectorTexts, StepPlace, StepResult } from './types.js';

const VERSION = 1;
/** texts of each kind, by lot: more teach little, and take memory */
const MOST = 20_000;

/** @param place where it is asked for; what it is keyed by is who wrote the texts */
export function trainDetector(
  deps: ActivityDependencies,
  place: StepPlace,
  { of, real, written }: DetectorTexts,
): Promise<StepResult> {
  const { seed, generation, member } = of;
  return runStep(
    deps,
    {
      step: 'detector',
      version: VERSION,
      place: { ...place, seed, generation, member },
      inputs: { real, written },
      parameters: { most: MOST },
      engine: false,
    },
    async (step) => {
      const out = await step.folder('detector');
      const report = await step.thread<HeldOut>(new URL('../observations/detector/train.js', import.meta.url), 'trainDetector', {
        real: await recordsOf(step, real),
        written: await recordsOf(step, written),
        most: MOST,
        rng: { seed, generation, member, step: 'detector' },
        out,
      } satisfies DetectorJob);
      return { outputs: { detector: { kind: 'model', folder: out } }, report: { ...report } };
    },
  );
}
