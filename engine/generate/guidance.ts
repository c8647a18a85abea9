/**
 * Writes with two models: (1 + weight) s − weight s', s and s' the log-probabilities of a model and of one that it is to keep away from. With
 * a model that learnt from its own texts as s' that is the negative guidance of SIMS (Alemohammad et al. 2024, arXiv:2408.16333); the
 * arithmetic is transformers' UnbatchedClassifierFreeGuidanceLogitsProcessor with guidance_scale = 1 + weight, before all other processors.
 */
import { z } from 'zod';
import type { Scores, Writer } from './types.js';

/** Models of the same member that a generation can write with, beside its own. */
export const GUIDES = ['generation-0', 'previous'] as const;

export const guidance = z.strictObject({
  weight: z.number().gt(0).max(100).describe('How far it goes: (1 + weight) s - weight s′, of log-probabilities.'),
  against: z
    .enum(GUIDES)
    .optional()
    .describe('The model to keep away from, s′: model 0 of the member, or the one before; s is the generation’s own.'),
  toward: z
    .enum(GUIDES)
    .optional()
    .describe('In place of `against`: that model is s, and the generation’s own, which learnt from written texts, is s′ (SIMS).'),
});

export type GuidancePlan = Readonly<z.output<typeof guidance>>;

export function guidanceWords({ weight, against, toward }: GuidancePlan): string {
  const named = { 'generation-0': 'model 0', previous: 'the model before it' };
  return `guided ${weight} ${toward === undefined ? `away from ${named[against!]}` : `from itself to ${named[toward]}`}`;
}

/**
 * Two models of one vocabulary as one: both read the same tokens.
 * @param s, other give log-probabilities of all tokens
 */
export function guided(s: Writer, other: Writer, weight: number): Writer {
  const combined = (ours: readonly Scores[], theirs: readonly Scores[]): Scores[] =>
    ours.map((scores, place) => ({
      ...scores,
      values: scores.values.map((value, i) => value + weight * (value - theirs[place].values[i])),
    }));
  return {
    begin(newTokens, places) {
      s.begin(newTokens, places);
      other.begin(newTokens, places);
    },
    read: async (prompts) => combined(await s.read(prompts), await other.read(prompts)),
    widthFor: (tokens) => s.widthFor(tokens),
    write: async (...step) => combined(await s.write(...step), await other.write(...step)),
    remove(place) {
      s.remove(place);
      other.remove(place);
    },
    async release() {
      await s.release();
      await other.release();
    },
  };
}
