/** Inputs of evaluations as tests write them. */
import type { Likelihood } from '../../evaluations/likelihoods.js';
import type { EvaluationInput, ObservedTable, Texts, Truth } from '../../evaluations/types.js';

export function textsFrom(tokens: readonly (readonly number[])[], texts: readonly string[] = tokens.map(() => '')): Texts {
  return { tokens, texts, ids: texts.map((_, i) => `r${i}`) };
}

export const written = (texts: readonly string[], truth?: Truth): EvaluationInput => ({
  records: { generated: textsFrom([], texts) },
  tables: {},
  truth,
});

/** The table of an observation `likelihood`. */
export function likelihoodTable(rows: readonly (Omit<Likelihood, 'ends'> & Partial<Likelihood>)[]): ObservedTable {
  return {
    columns: {
      nll_sum: rows.map((r) => r.nllSum),
      token_count: rows.map((r) => r.tokenCount),
      end_nll_sum: rows.map((r) => r.ends?.nllSum ?? 0),
      end_token_count: rows.map((r) => r.ends?.tokenCount ?? 0),
    },
  };
}

/** The table of an observation `code`: (images, latent) numbers, a column a number of the code. */
export function codeTable(latent: number, means: ArrayLike<number>): ObservedTable {
  const column = (d: number): number[] => Array.from(means).filter((_, i) => i % latent === d);
  return { columns: Object.fromEntries(Array.from({ length: latent }, (_, d) => [`code_${d}`, column(d)])) };
}
