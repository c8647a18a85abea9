/**
 * The observations by name, and what their tables hold. Adding one: a file of that name beside this, which exports its instrument as
 * `default`, and a row here. Pure: what names an observation or a column loads no model; `observe.ts` runs them.
 */
import { HabsburgError } from '../common/errors.js';
import type { Declared, Instrument } from './types.js';

export const OBSERVATIONS = {
  likelihood: {
    of: 'texts',
    summary:
      'Negative log likelihood of each record under a language model: nll_sum in nats, over token_count tokens, and the end tokens among them.',
    columns: { nll_sum: 'float64', token_count: 'int32', end_nll_sum: 'float64', end_token_count: 'int32' },
  },
  prediction: {
    of: 'texts',
    summary:
      "A language model's next-token distributions in each record: entropy_sum in nats, hit_count tokens that were the most likely one, gini_sum of the Gini coefficients of the 100 most likely, and certain_count places where one has more than .999, over token_count tokens.",
    columns: { entropy_sum: 'float64', hit_count: 'int32', gini_sum: 'float64', certain_count: 'int32', token_count: 'int32' },
  },
  detection: {
    of: 'texts',
    summary:
      'How probable it is that each text was written by a machine: p_written, by a detector that learned to tell what a model wrote from real texts, or one that is given.',
    by: 'detector',
    columns: { p_written: 'float64' },
  },
  edits: {
    of: 'texts',
    summary: 'Each text with the tokens drawn anew that a language model expected: edited, its ids as a JSON array.',
    texts: ['edited'],
  },
  embedding: {
    of: 'texts',
    summary: "Each text's vector under a sentence encoder, a column a dimension.",
  },
  'sentence-embedding': {
    of: 'texts',
    summary: "Each sentence's vector under a sentence encoder, a row a sentence, a column a dimension.",
  },
  syntax: {
    of: 'texts',
    summary:
      "The dependency parse of each text by Habsburg's parser of English: sentence_count and word_count, and conllu, its sentences as CoNLL-U.",
    modelFree: true,
    columns: { sentence_count: 'int32', word_count: 'int32' },
    texts: ['conllu'],
  },
  'encoder-syntax': {
    of: 'texts',
    summary: "The same by Habsburg's parser over the states of a sentence encoder, all-MiniLM-L6-v2.",
    // operators read no table of an encoder, so none of its columns is named here
    texts: ['conllu'],
  },
  bound: {
    of: 'images',
    summary: 'Both terms of the evidence lower bound of each image under a VAE: reconstruction and divergence, nats.',
    columns: { reconstruction: 'float64', divergence: 'float64' },
  },
  code: {
    of: 'images',
    summary: "Each image's latent code: the mean of the encoder's distribution, a column a number.",
  },
  coordinates: {
    of: 'points',
    summary: "Each point's coordinates, a column a dimension.",
  },
} as const satisfies Readonly<Record<string, Declared>>;

export type ObservationName = keyof typeof OBSERVATIONS;

/** Whether no model looks, whichever is named. */
export function isModelFree(observation: string): boolean {
  return (OBSERVATIONS[observation as ObservationName] as Declared).modelFree ?? false;
}

/** @throws HabsburgError 'invalid' for an unknown name */
export async function instrumentOf(name: string): Promise<Instrument> {
  if (!Object.hasOwn(OBSERVATIONS, name))
    throw new HabsburgError('invalid', `this version has no observation ${name}; it has ${Object.keys(OBSERVATIONS).join(', ')}`);
  return ((await import(`./${name}.js`)) as { readonly default: Instrument }).default;
}
