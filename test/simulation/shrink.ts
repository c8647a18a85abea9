/** Cuts a failing schedule down: fewer deeds, smaller sizes, no chance in the delays, for as long as it fails in the same way. */
import type { Scenario, Schedule } from './schedule.js';

export interface Shrunk {
  readonly schedule: Schedule;
  readonly message: string;
  readonly trace: readonly string[];
  readonly cut: { readonly from: number; readonly to: number };
}

/** Numbers and names in a sentence may change with the sizes. */
const sort = (failure: Error) => failure.message.split('\n')[0].replace(/[\w/-]*\d[\w/-]*|\{.*?\}/g, '…');

/** @param most how many schedules it may try */
export async function shrink(scenario: Scenario, failing: Schedule, failure: Error, most = 400): Promise<Shrunk> {
  let best = failing;
  let tries = 0;
  const better = async (candidate: Schedule): Promise<boolean> => {
    if (tries++ >= most) return false;
    const found = (await scenario.play(candidate)).failure;
    if (!found || sort(found) !== sort(failure)) return false;
    best = candidate;
    return true;
  };
  for (let progress = true; progress;) {
    progress = false;
    for (let i = best.deeds.length - 1; i >= 0; i--)
      if (await better({ ...best, deeds: best.deeds.filter((_, j) => j !== i) })) progress = true;
    for (const [name, least] of Object.entries(scenario.least)) {
      const now = best.sizes[name];
      for (const size of [least, Math.floor((least + now) / 2), now - 1])
        if (size >= least && size < best.sizes[name] && (await better({ ...best, sizes: { ...best.sizes, [name]: size } })))
          progress = true;
    }
    if (!best.calm && (await better({ ...best, calm: true }))) progress = true;
  }
  const { trace, failure: last } = await scenario.play(best, { trace: true });
  return { schedule: best, message: last!.message, trace, cut: { from: failing.deeds.length, to: best.deeds.length } };
}
