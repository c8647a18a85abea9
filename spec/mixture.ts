/** What a generation's training set is made of, in the words that all families share. */

/** Records of generation t: round(size (t + 1)^growth). */
export interface SamplePlan {
  readonly size: number;
  /** 0: the same every generation; above 1: the superlinear schedule under which the error stays bounded */
  readonly growth: number;
}

/** What the training set of generation t >= 1, of n(t) records, is made of. */
export type MixtureRule =
  /** n(t) records that model t-1 wrote */
  | { readonly kind: 'replace' }
  /** round(share n(t)) of the first real records, redrawn each generation; the rest written by model t-1 */
  | { readonly kind: 'keep-share'; readonly share: number }
  /** everything so far: the first real records and n(s) written by each model s-1, s = 1 … t */
  | { readonly kind: 'accumulate' }
  /** n(t) drawn without replacement from everything so far */
  | { readonly kind: 'accumulate-subsample' }
  /** round(share n(t)) real records that no generation has seen; the rest written by model t-1 */
  | { readonly kind: 'fresh'; readonly share: number }
  /** the whole first real set, each generation, beside n(t) records written by model t-1 */
  | { readonly kind: 'fixed-real' }
  /**
   * Nature's D ~ alpha p(t-1) + beta p(t-2) + gamma p(real): each of n(t) records has its source drawn. Before there is a model
   * t-2 its part is real; real records are new ones.
   */
  | { readonly kind: 'weights'; readonly alpha: number; readonly beta: number; readonly gamma: number };

/** Records of generation t. */
export function sizeAt({ size, growth }: SamplePlan, t: number): number {
  return growth === 0 ? size : Math.round(size * (t + 1) ** growth);
}

/** Whether generations take in real records that none before has seen. */
export function needsNewReal(mixture: MixtureRule): boolean {
  return mixture.kind === 'fresh' || (mixture.kind === 'weights' && (mixture.beta > 0 || mixture.gamma > 0));
}

/** Of how many generations before it a generation's training set is drawn from. */
export function generationsBack(mixture: MixtureRule): number {
  if (mixture.kind === 'accumulate' || mixture.kind === 'accumulate-subsample') return Infinity;
  return mixture.kind === 'weights' && mixture.beta > 0 ? 2 : 1;
}

/**
 * What model t continues: the first real records, or with `previous` its training set; where that holds more than a generation has,
 * what is newest in it, since texts would double otherwise. A family that continues nothing writes as many records as these are.
 */
export function promptsOf<T>(
  member: { readonly name: string; readonly prompts?: 'original' | 'previous' },
  { kind }: MixtureRule,
  sets: { readonly first: T; readonly train: T; readonly newest: T | undefined },
): T {
  if (member.prompts !== 'previous') return sets.first;
  return kind === 'accumulate' || kind === 'fixed-real' ? (sets.newest ?? sets.first) : sets.train;
}

/** Records that model t writes: as many as the next generation has, so that metrics of all mixtures see as much, or more. */
export function writtenBy(mixture: MixtureRule, sample: SamplePlan, t: number): number {
  const next = sizeAt(sample, t + 1);
  if (mixture.kind !== 'weights') return next;
  // How many come from which source is drawn: six standard deviations more than expected are enough. No record serves twice, in
  // generation t+1 and again in t+2: what is drawn from a model has to be independent of what that model's successor saw.
  const after = sizeAt(sample, t + 2);
  const { alpha, beta } = mixture;
  const spread = Math.sqrt(next * alpha * (1 - alpha) + after * beta * (1 - beta));
  return Math.max(next, Math.min(next + after, Math.ceil(alpha * next + beta * after + 6 * spread)));
}

/** Training records of generation t, where `n` tells how many one generation has. */
export function trainedOn(mixture: MixtureRule, n: (t: number) => number, t: number): number {
  if (t > 0 && mixture.kind === 'fixed-real') return n(0) + n(t);
  if (mixture.kind !== 'accumulate') return n(t);
  let sum = 0;
  for (let s = 0; s <= t; s++) sum += n(s);
  return sum;
}
