/** What evaluations read off tables of likelihoods. */
import { HabsburgError } from '../common/errors.js';
import { tableOf } from './input.js';
import type { EvaluationInput, ObservationRef } from './types.js';

/** Negative log likelihood of one record under a model. */
export interface Likelihood {
  /** nats */
  readonly nllSum: number;
  readonly tokenCount: number;
  /** of both, the part whose predicted token is an end token */
  readonly ends: { readonly nllSum: number; readonly tokenCount: number };
}

/** The real test records under model t. */
export const TEST_UNDER_SELF: ObservationRef = { observation: 'likelihood', of: 'test', under: 'self' };
/** The test records mixed as model t's training set was, under model t. */
export const MIXED_UNDER_SELF: ObservationRef = { observation: 'likelihood', of: 'mixed', under: 'self' };
/** What model t wrote under model 0 of the same member and seed, without its prompt. */
export const WRITTEN_UNDER_FIRST: ObservationRef = { observation: 'likelihood', of: 'generated', under: 'first' };

/** What model 0 wrote, under itself. */
export const WRITTEN_0_UNDER_FIRST: ObservationRef = { observation: 'likelihood', of: 'written0', under: 'first' };

export function likelihoodsOf(input: EvaluationInput, need: ObservationRef): Likelihood[] {
  const { nll_sum: nats, token_count: tokens, end_nll_sum: endNats, end_token_count: endTokens } = tableOf(input, need).columns;
  return Array.from(nats, (nllSum, i) => ({
    nllSum,
    tokenCount: tokens[i],
    ends: { nllSum: endNats[i], tokenCount: endTokens[i] },
  }));
}

/** Mean nats a token over all likelihoods; refuses what a diverged model gives. */
export function meanNll(likelihoods: readonly Omit<Likelihood, 'ends'>[]): { mean: number; tokens: number } {
  let sum = 0;
  let tokens = 0;
  for (const { nllSum, tokenCount } of likelihoods) {
    sum += nllSum;
    tokens += tokenCount;
  }
  if (!Number.isFinite(sum)) {
    throw new HabsburgError(
      'failed',
      'a model gives likelihoods that are not numbers: its training has diverged; lower learningRate, or clip gradients',
    );
  }
  return { mean: sum / tokens, tokens };
}
