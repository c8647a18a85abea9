/** How chains are cut into steps. Part of the steps' keys, so that a longer or wider experiment finds the earlier one's steps. */
import type { WorldPlan } from './plan.js';

/** Seeds of one run and generations of one step: seconds of work at usual sizes, so that little is lost and little is stored. */
export const BLOCKS: Readonly<Record<WorldPlan['family'], { readonly seeds: number; readonly generations: number }>> = {
  gaussian: { seeds: 250, generations: 1000 },
  discrete: { seeds: 100, generations: 1000 },
  regression: { seeds: 250, generations: 1000 },
  kde: { seeds: 25, generations: 100 },
  gmm: { seeds: 5, generations: 50 },
  'n-gram': { seeds: 1, generations: 25 },
};

/**
 * The last generation of the step that begins at one: steps have a fixed length, and none goes on over a change of settings.
 * @param changes the first generations of phases, ascending
 */
export function lastOfStep(family: WorldPlan['family'], from: number, changes: readonly number[] = []): number {
  const { generations } = BLOCKS[family];
  const full = (Math.floor(from / generations) + 1) * generations - 1;
  const change = changes.find((start) => start > from);
  return change === undefined ? full : Math.min(full, change - 1);
}

/** Whether generation t is measured: all up to 50, then some 45 for each power of ten, so that long chains stay readable. */
export function isMeasured(t: number): boolean {
  return t <= 50 || t % 10 ** Math.floor(Math.log10(t / 5)) === 0;
}
