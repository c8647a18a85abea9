/** A metric: a pure function with a name, a variant and a version, over what a score step hands it. One file each. */

/** Negative log likelihood of one record under a model. */
export interface Likelihood {
  /** nats */
  readonly nllSum: number;
  readonly tokenCount: number;
}

/** What a score step can offer. A metric says in `needs` what it uses; the step computes only that. */
export interface ScoringInput {
  /** what model t wrote, in record order; empty where the data are images */
  readonly generated: { readonly tokens: readonly (readonly number[])[]; readonly texts: readonly string[] };
  /** the real training records; empty where the data are images */
  readonly real: { readonly tokens: readonly (readonly number[])[]; readonly texts: readonly string[] };
  /** the real test records under model t */
  readonly testUnderSelf?: readonly Likelihood[];
  /** what model t wrote under model 0 of the same member and seed, without its prompt */
  readonly generatedUnderFirst?: readonly Likelihood[];
  /** the exact distribution of a synthetic language, where the data has one */
  readonly truth?: Truth;
  /** both terms of the bound of the real test images under model t */
  readonly testBounds?: readonly Bound[];
  /** the images that model t wrote, as the encoder of model 0 of the same member and seed sees them */
  readonly codesUnderFirst?: Codes;
}

/** The two terms of an image's evidence lower bound, nats. */
export interface Bound {
  readonly reconstruction: number;
  readonly divergence: number;
}

/** Means of the distributions that an encoder gives images. */
export interface Codes {
  /** numbers a code */
  readonly latent: number;
  /** (images, latent) */
  readonly means: Float32Array;
}

/** The true distribution of a synthetic language over its words. */
export interface Truth {
  readonly words: readonly string[];
  /** in (0, 1], sum 1; word i has probability p[i] at a random word position */
  readonly probability: readonly number[];
}

export type ScoringNeed = 'testUnderSelf' | 'generatedUnderFirst' | 'truth' | 'testBounds' | 'codesUnderFirst';

/** One number of a metric, before it is placed in an experiment. */
export interface ScoreValue {
  readonly metric: string;
  readonly variant: string;
  readonly version: number;
  readonly value: number;
  /** how many observations the value rests on (tokens, records, n-grams: the metric's docstring says) */
  readonly n: number;
  readonly settings: Readonly<Record<string, string | number | boolean>>;
}

/**
 * A distribution of a metric: counts over bins whose edges are fixed by the metric's version, so that generations overlay.
 * Bin i is [edges[i], edges[i+1]); counts.length + 1 = edges.length.
 */
export interface ScoreSeries {
  readonly metric: string;
  readonly variant: string;
  readonly version: number;
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  /** observations left and right of all bins */
  readonly below: number;
  readonly above: number;
  /** all observations, those outside the bins too */
  readonly n: number;
}

/** One row of the result schema. */
export interface ScoreRow extends ScoreValue {
  readonly experiment: string;
  readonly run: string;
  readonly condition: string;
  readonly seed: number;
  readonly member: string;
  readonly generation: number;
  /** digest of the artifact that was measured */
  readonly subject: string;
}

export interface Metric {
  readonly name: string;
  readonly variant: string;
  readonly version: number;
  /** one sentence for `habsburg metrics` and the report: what it is, its unit and range */
  readonly summary: string;
  readonly higherIsBetter?: boolean;
  readonly needs: readonly ScoringNeed[];
  readonly defaults: Readonly<Record<string, string | number | boolean>>;
  /** variants of its values that a short table shows; none: `habsburg results` and the report alone */
  readonly headline?: readonly string[];
  /** which artifact the value is about */
  readonly subject: 'model' | 'generated';
  /** Values of a variant `a` are named `a` or `a/…`. None where the metric is not defined on the input. */
  compute(input: ScoringInput, settings: Readonly<Record<string, string | number | boolean>>): ScoreValue[];
  /** the distribution behind the values, for histograms */
  series?(input: ScoringInput, settings: Readonly<Record<string, string | number | boolean>>): ScoreSeries[];
}
