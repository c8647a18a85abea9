/** D_syn: how unlike the parse trees of written sentences are, as the papers compute it. */
import { z } from 'zod';
import { parseConllu } from '../syntax/conllu.js';
import { HabsburgError } from '../common/errors.js';
import { encoder } from './embeddings.js';
import { rowsOf } from './rows.js';
import { dissimilarity, rowSpread } from './syntactic-diversity.js';
import { tableOf } from './input.js';
import type { Evaluation, EvaluationInput, ObservationRef } from './types.js';
import type { Tree } from './weisfeiler-lehman.js';

/** The parses of what model t wrote: by the parser that comes with Habsburg, and by the one over an encoder's states. */
export const PARSES: ObservationRef = { observation: 'syntax', of: 'generated', under: 'self' };
export const ENCODER_PARSES: ObservationRef = { observation: 'encoder-syntax', of: 'generated', under: 'encoder' };

const settingsOf = (sentences: number, more: z.ZodRawShape = {}) =>
  z.strictObject({
    sentences: z
      .int()
      .min(0)
      .max(1e9)
      .default(sentences)
      .describe('The first so many written sentences, so that sizes are equal; 0: all.'),
    ...more,
  });

/** The first sentences of all texts, in order. @param most 0: all */
function treesOf(input: EvaluationInput, parses: ObservationRef, label: 'upos' | 'xpos', most: number): Tree[] {
  const { conllu } = tableOf(input, parses).texts ?? {};
  if (conllu === undefined) throw new HabsburgError('failed', 'internal: parses without CoNLL-U');
  const trees: Tree[] = [];
  for (let i = 0; i < conllu.length; i++) {
    for (const sentence of parseConllu(conllu[i], `the parse of text ${i + 1}`)) {
      trees.push({ labels: sentence[label], heads: sentence.heads });
      if (trees.length === most) return trees;
    }
  }
  return trees;
}

/**
 * `stein`: mean Euclidean distance of two rows of the kernel matrix, each with itself included; `stein/centroid`: mean distance of a row to
 * the mean row. Kernel: Weisfeiler-Lehman of depth 1 over Penn Treebank tags, normalised. Both grow with the square root of n, so compare
 * at equal n alone. n: sentences. None for fewer than two. Her texts were in lower case, without most punctuation, cut after 200 characters
 * and parsed by Stanza; here texts are parsed as they are. Source: Stein's thesis (2024); GraKeL 0.1.11.
 */
export const dSynStein: Evaluation = {
  name: 'd-syn',
  variant: 'stein',
  version: 1,
  summary:
    'Syntactic diversity of Stein: mean distance of rows of the Weisfeiler-Lehman kernel matrix of parse trees (XPOS, depth 1), and to their mean; grows with the root of n.',
  higherIsBetter: true,
  usual: false,
  of: 'texts',
  group: 'syntax',
  needs: { observations: [PARSES] },
  settings: settingsOf(5000),
  subject: 'generated',
  compute(input, settings) {
    const trees = treesOf(input, this.needs.observations![0], 'xpos', Number(settings.sentences));
    if (trees.length < 2) return [];
    const { pairs, centroid } = rowSpread(trees, 1);
    const row = rowsOf(this, settings);
    return [row(pairs, trees.length), row(centroid, trees.length, 'centroid')];
  },
};

/**
 * `guo`: mean of 1 − kernel over pairs of different sentences, 0 to 1; `guo/margin95`: half the width of its 95 % interval, from leaving out
 * a sentence at a time (Guo's code takes all pairs for independent, which is ten times too sure). Kernel: Weisfeiler-Lehman of depth 2 over
 * UPOS, normalised. Does not depend on n. n: sentences. None for fewer than three. Source: Guo et al., "The curious decline of linguistic
 * diversity" (2024), their public code; GraKeL 0.1.11.
 */
export const dSynGuo: Evaluation = {
  name: 'd-syn',
  variant: 'guo',
  version: 1,
  summary:
    'Syntactic diversity of Guo: mean of 1 − Weisfeiler-Lehman kernel over pairs of parse trees (UPOS, depth 2), with a jackknife margin; 0 to 1.',
  higherIsBetter: true,
  usual: false,
  of: 'texts',
  group: 'syntax',
  needs: { observations: [PARSES] },
  settings: settingsOf(3000),
  subject: 'generated',
  compute(input, settings) {
    const trees = treesOf(input, this.needs.observations![0], 'upos', Number(settings.sentences));
    if (trees.length < 3) return [];
    const { mean, margin95 } = dissimilarity(trees, 2);
    const row = rowsOf(this, settings);
    return [row(mean, trees.length), row(margin95, trees.length, 'margin95')];
  },
};

/** The same of parses by the parser over an encoder's states (syntax/encoded/), which err less; values of two parsers do not compare. */
const overEncoder = (one: Evaluation, sentences: number): Evaluation => ({
  ...one,
  variant: `${one.variant}-encoder`,
  summary: `${one.summary.replace(/\.$/, '')}; parses by the parser over the states of the encoder.`,
  needs: { observations: [ENCODER_PARSES] },
  settings: settingsOf(sentences, { encoder }),
});

export const dSynSteinEncoder = overEncoder(dSynStein, 5000);
export const dSynGuoEncoder = overEncoder(dSynGuo, 3000);
