/** A metric: a pure function with a name, a variant and a version, over what a score step hands it. One file each. */

/** Negative log likelihood of one record under a model. */
export interface Likelihood {
  /** nats */
  readonly nllSum: number;
  readonly tokenCount: number;
}

/** What a score step can offer. A metric says in `needs` what it uses; the step computes only that. */
export interface ScoringInput {
  /** what model t wrote, in record order */
  readonly generated: { readonly tokens: readonly (readonly number[])[]; readonly texts: readonly string[] };
  /** the real training records */
  readonly real: { readonly tokens: readonly (readonly number[])[]; readonly texts: readonly string[] };
  /** the real test records under model t */
  readonly testUnderSelf?: readonly Likelihood[];
  /** what model t wrote under model 0 of the same member and seed, without its prompt */
  readonly generatedUnderFirst?: readonly Likelihood[];
  /** the exact distribution of a synthetic language, where the data has one */
  readonly truth?: Truth;
}

/** The true distribution of a synthetic language over its words. */
export interface Truth {
  readonly words: readonly string[];
  /** in (0, 1], sum 1; word i has probability p[i] at a random word position */
  readonly probability: readonly number[];
}

export type ScoringNeed = 'testUnderSelf' | 'generatedUnderFirst' | 'truth';

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
  /** which artifact the value is about */
  readonly subject: 'model' | 'generated';
  compute(input: ScoringInput, settings: Readonly<Record<string, string | number | boolean>>): ScoreValue[];
}
