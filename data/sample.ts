/** The mixture: which records a model is trained on. Pure; positions, not texts, are drawn. */
import { HabsburgError } from '../common/errors.js';
import type { CounterRng } from '../common/philox.js';
import { sizeAt, type MixtureRule, type SamplePlan } from '../spec/mixture.js';
import type { RecordHead } from './records.js';

/** The stream of draws of a generation's mixture, keyed by seed, generation and member. */
export type SampleRng = (generation: number) => CounterRng;

/** The records of generation 0: `size` of the real ones, drawn without replacement, in their order. */
export function drawFirstSet<R extends RecordHead>(real: readonly R[], size: number, rngOf: SampleRng): R[] {
  return newReal(real, 0, size, rngOf);
}

export interface DrawOptions<R extends RecordHead> {
  readonly mixture: MixtureRule;
  /** records of each generation; absent: as many as there are at hand */
  readonly sample?: SamplePlan;
  /** t >= 1 */
  readonly generation: number;
  /** the real records of generation 0 */
  readonly first: readonly R[];
  /** all real records, for mixtures that take in new ones */
  readonly real?: readonly R[];
  /** what the generations before wrote that the mixture draws from, the last one last; ids end in the position of what they continue */
  readonly written: readonly (readonly R[])[];
  readonly rngOf: SampleRng;
}

/**
 * The records that generation t trains on (spec/mixture.ts says what each mixture means), in the order of where they come from:
 * real ones, then what was written, oldest first. `keep-share` stays in position order: at exactly round(share x n) of the n written
 * records, drawn without replacement, the real record of the same position stands instead (Nature's 10 %). Where a model wrote
 * fewer records than are asked for, because empty ones were dropped, all of them are taken.
 */
export function drawTrainingSet<R extends RecordHead>(options: DrawOptions<R>): R[] {
  const { mixture, sample, generation, first, written, rngOf } = options;
  const rng = rngOf(generation);
  const previous = written[written.length - 1];
  const n = sample === undefined ? first.length : sizeAt(sample, generation);
  switch (mixture.kind) {
    case 'replace':
      return [...previous];
    case 'keep-share': {
      const kept = new Set(rng.permutation(previous.length).subarray(0, Math.round(mixture.share * previous.length)));
      return previous.map((record, i) => (kept.has(i) ? realAt(first, record) : record));
    }
    case 'accumulate':
      return [first, ...written].flat();
    case 'accumulate-subsample':
      return subset([first, ...written].flat(), n, rng);
    case 'fixed-real':
      return [...first, ...previous];
    case 'fresh': {
      const fresh = newRealOf(options);
      return [...fresh, ...subset(previous, n - fresh.length, rng)];
    }
    case 'weights': {
      const { alpha, beta } = sourceCounts(mixture, n, generation, rng);
      // a set's first records by lot are its next generation's, its last the one's after that: none serves twice
      const byLot = (records: readonly R[], writer: number): Uint32Array =>
        rngOf(writer).derive('uses').permutation(records.length);
      const earlier = beta === 0 ? [] : inOrder(written[0], byLot(written[0], generation - 2).slice(-beta));
      return [...newRealOf(options), ...earlier, ...inOrder(previous, byLot(previous, generation - 1).slice(0, alpha))];
    }
  }
}

/** `count` of the records, drawn without replacement, in their order. */
function subset<R>(records: readonly R[], count: number, rng: CounterRng): R[] {
  return inOrder(records, rng.permutation(records.length).slice(0, count));
}

function inOrder<R>(records: readonly R[], positions: Uint32Array): R[] {
  return Array.from(positions.sort(), (i) => records[i]);
}

/** Where the n records of generation t >= 1 come from, each drawn: models t-1 and t-2, and new real data. */
function sourceCounts(
  { alpha, beta }: { readonly alpha: number; readonly beta: number },
  n: number,
  generation: number,
  rng: CounterRng,
): { alpha: number; beta: number; gamma: number } {
  const counts = { alpha: 0, beta: 0, gamma: 0 };
  const source = rng.derive('source');
  for (let i = 0; i < n; i++) {
    const u = source.uniform(i);
    counts[u < alpha ? 'alpha' : u < alpha + beta && generation > 1 ? 'beta' : 'gamma']++;
  }
  return counts;
}

/** How many new real records generation t takes in. */
function newRealCount(mixture: MixtureRule, n: number, generation: number, rngOf: SampleRng): number {
  if (mixture.kind === 'fresh') return Math.round(mixture.share * n);
  return mixture.kind === 'weights' ? sourceCounts(mixture, n, generation, rngOf(generation)).gamma : 0;
}

function newRealOf<R extends RecordHead>({ mixture, sample, generation, real, rngOf }: DrawOptions<R>): R[] {
  if (sample === undefined || real === undefined)
    throw new Error('internal: new real records need all real ones, and a sample size');
  const count = (t: number): number => newRealCount(mixture, sizeAt(sample, t), t, rngOf);
  let used = sizeAt(sample, 0);
  for (let t = 1; t < generation; t++) used += count(t);
  return newReal(real, used, count(generation), rngOf);
}

/** Generations take the real records in one random order, so that none is seen twice. */
function newReal<R extends RecordHead>(real: readonly R[], used: number, count: number, rngOf: SampleRng): R[] {
  if (used + count > real.length)
    throw new HabsburgError(
      'invalid',
      `data.train has ${real.length} records, ${used === 0 ? `and the member's sample asks for ${count}` : `of which ${used} are used, and ${count} new ones are needed`}; lower the sample, or give more data`,
    );
  return inOrder(
    real,
    rngOf(0)
      .permutation(real.length)
      .slice(used, used + count),
  );
}

/**
 * The real record at a written record's position: empty records may have been dropped, so the index would not do; and where more is
 * written than there are real records, each is continued more than once.
 */
function realAt<R extends RecordHead>(real: readonly R[], written: R): R {
  const record = real[Number(/(\d+)$/.exec(written.id)?.[1] ?? NaN) % real.length];
  if (!record) throw new HabsburgError('failed', `internal: ${written.id} ends in no position`);
  return record;
}
