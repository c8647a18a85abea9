/**
 * Scores as they are kept in memory: the values of a block of chains as one array of numbers, not as an object each. A sweep of
 * twelve million rows takes a hundred megabytes so, and its rows are made one at a time for who reads them.
 */
import type { ScoreRow, ScoreValue } from '../evaluations/types.js';
import type { SeriesDocument } from '../spec/results.js';

/** Where in an experiment something was measured or written. */
export interface Place {
  readonly condition: string;
  readonly seed: number;
  readonly member: string;
  readonly generation: number;
}

/** The numbers of one generation of one member and seed. */
interface Values {
  readonly kind: 'values';
  readonly run: string;
  readonly place: Place;
  readonly values: readonly (ScoreValue & Pick<ScoreRow, 'subject'>)[];
}

/** The numbers of many seeds and generations. */
interface Block {
  readonly kind: 'block';
  readonly run: string;
  readonly place: Pick<Place, 'condition' | 'member'>;
  readonly subject: string;
  readonly seeds: Float64Array;
  readonly generations: readonly number[];
  /** training records of each generation */
  readonly n: readonly number[];
  readonly measures: readonly BlockMeasure[];
  /** [measure][generation]: a number for each seed, NaN where it is not defined */
  readonly values: readonly (readonly Float64Array[])[];
}

export type Scores = Values | Block;

/** What is comparable: the same metric in the same variant, version and settings. */
export type MeasureName = Pick<ScoreRow, 'metric' | 'variant' | 'version' | 'settings'>;
type BlockMeasure = MeasureName;

const NO_SETTINGS: ScoreRow['settings'] = {};

export function blockOf(
  { seeds, generations, n, measures, values }: SeriesDocument,
  { run, place, subject }: Pick<Block, 'run' | 'place' | 'subject'>,
): Block {
  return {
    kind: 'block',
    run,
    place,
    subject,
    seeds: Float64Array.from(seeds),
    generations,
    n,
    measures: measures.map(({ metric, variant, version }) => ({ metric, variant, version, settings: NO_SETTINGS })),
    values: values.map((ofMeasure) => ofMeasure.map((ofSeeds) => Float64Array.from(ofSeeds, (value) => value ?? NaN))),
  };
}

const every = (): boolean => true;

/** A row for each number, in order; can be gone through again. */
export class ScoreRows implements Iterable<ScoreRow> {
  /** @param keep only rows of these measures; default: all */
  constructor(
    readonly experiment: string,
    readonly scores: readonly Scores[],
    readonly keep: (measure: MeasureName) => boolean = every,
  ) {}

  *[Symbol.iterator](): Iterator<ScoreRow> {
    const { experiment, keep } = this;
    for (const part of this.scores) {
      const { run, place } = part;
      if (part.kind === 'values') {
        for (const value of part.values) if (keep(value)) yield { experiment, run, ...part.place, ...value };
        continue;
      }
      const { condition, member } = place;
      const { seeds, generations, subject } = part;
      const kept = part.measures.flatMap((measure, m) => (keep(measure) ? [{ ...measure, values: part.values[m] }] : []));
      for (let g = 0; g < generations.length; g++) {
        const [generation, n] = [generations[g], part.n[g]];
        for (let s = 0; s < seeds.length; s++) {
          for (const { metric, variant, version, settings, values } of kept) {
            const value = values[g][s];
            if (Number.isNaN(value)) continue;
            const seed = seeds[s];
            yield { experiment, run, condition, seed, member, generation, metric, variant, version, value, n, settings, subject };
          }
        }
      }
    }
  }
}
