/**
 * The interface of the cheap families: a world with a known truth, real data from it, a fit and what the fit writes. Everything is
 * plain numbers and typed arrays (codec.ts writes them), pure, and random only through the draws it is given.
 */
import type { Measure } from '../measures.js';
import type { WorldPlan } from '../plan.js';
import type { Draws } from './draws.js';

/** The text behind an n-gram world. */
export interface WorldText {
  readonly train: string;
  readonly test: string;
}

export interface WorldOptions<P> {
  readonly plan: P;
  /** records of generation 0 */
  readonly size: number;
  /** whether `subset` will be asked for: data then keep their single records, otherwise what a fit needs */
  readonly records: boolean;
  readonly draws: Draws;
  readonly text?: WorldText;
}

/**
 * @typeParam P settings
 * @typeParam W what is fixed for a seed: truth, design matrix, test records. Never stored: it is made again from the seed
 * @typeParam D a dataset, as far as a fit needs it
 * @typeParam M a model
 */
export interface ChainFamily<P extends WorldPlan = WorldPlan, W = unknown, D = unknown, M = unknown> {
  readonly name: P['family'];
  /** raised when the same seed would give another chain */
  readonly version: number;
  /** in the order of `measure` */
  readonly measures: readonly Measure[];
  world(options: WorldOptions<P>): W;
  /** how many records there are, where the truth is a text: what a sample of size 0 stands for */
  whole?(world: W): number;
  /**
   * n new records from the truth (n-gram: the first n real tokens in generation 0, then lines redrawn)
   * @param places of a family with `places`: those of the records, absent: 0 … n-1
   */
  real(world: W, n: number, draws: Draws, places?: Uint32Array): D;
  fit(world: W, data: D, draws: Draws): M;
  /** n records that a model writes; `places` as in `real` */
  generate(world: W, model: M, n: number, draws: Draws, places?: Uint32Array): D;
  /** one dataset of all records */
  merge(world: W, parts: readonly D[]): D;
  /** n records without replacement; only in a world with `records` */
  subset(world: W, data: D, n: number, draws: Draws): D;
  /** records of a dataset */
  size(data: D): number;
  /**
   * Where a generation's records are not alike, because each has a part that no model writes: the places that these ones have in
   * their generation. A mixture then fills every place once. Only of data with single records.
   */
  places?(data: D): Uint32Array;
  /** one number for each of `measures`; NaN or infinite where it is not defined */
  measure(world: W, model: M, data: D): number[];
}
