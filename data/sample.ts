/** The mixture: which records a model is trained on. Pure; positions, not texts, are drawn. */
import { HabsburgError } from '../common/errors.js';
import type { CounterRng } from '../common/philox.js';
import type { MixturePlan } from '../spec/plan.js';
import type { RecordHead } from './records.js';

export interface DrawOptions<R extends RecordHead> {
  readonly mixture: MixturePlan;
  /** the real training records */
  readonly real: readonly R[];
  /** what the previous generation wrote, at the positions that end its ids ("g3/opt/000012"); absent in generation 0 */
  readonly previous?: readonly R[];
  /** keyed by seed, generation and member, so that the share is redrawn each generation */
  readonly rng: CounterRng;
}

/**
 * The records a generation trains on, in position order.
 * Generation 0 (no `previous`): the real records. `replace`: what was written. `keep-share`: at exactly round(share x n) of the n
 * written records, drawn without replacement, the real record of the same position stands instead (Nature's 10 %).
 */
export function drawTrainingSet<R extends RecordHead>({ mixture, real, previous, rng }: DrawOptions<R>): R[] {
  if (previous === undefined) return [...real];
  if (mixture.kind === 'replace') return [...previous];
  const n = previous.length;
  const kept = new Set(rng.permutation(n).subarray(0, Math.round(mixture.share * n)));
  return previous.map((written, i) => (kept.has(i) ? realAt(real, written) : written));
}

/** The real record at a written record's position; empty records may have been dropped, so the index would not do. */
function realAt<R extends RecordHead>(real: readonly R[], written: R): R {
  const record = real[Number(/(\d+)$/.exec(written.id)?.[1] ?? NaN)];
  if (!record)
    throw new HabsburgError('failed', `internal: ${written.id} ends in no position of the ${real.length} real records`);
  return record;
}
