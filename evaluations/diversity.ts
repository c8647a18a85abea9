/** Drayson's diversity: how little a text repeats itself. */
import { textsOf } from './input.js';
import { draysonDiversity } from './repetition.js';
import { rowsOf } from './rows.js';
import { NONE } from './settings.js';
import { encode } from './token-ids.js';
import { split } from './tokenizers.js';
import type { Evaluation } from './types.js';

/**
 * Mean over texts of the product of 1 - rep-n over n = 2, 3, 4, each rounded to hundredths of a percent as in the paper's code; words
 * between white space. A text under two words counts as perfectly diverse: `…/short-texts` is their share. n: texts.
 * Source: Drayson et al., "Machine-generated text detection prevents language model collapse" (2025), after Su et al. (2022).
 */
export const diversity: Evaluation = {
  name: 'diversity',
  variant: 'drayson',
  version: 1,
  summary:
    'Diversity of Drayson: mean over texts of the product of 1 - rep-2, 1 - rep-3 and 1 - rep-4; 0 to 1, higher repeats less.',
  higherIsBetter: true,
  usual: false,
  of: 'texts',
  group: 'diversity',
  needs: { records: ['generated'] },
  settings: NONE,
  meansOverTexts: ['drayson'],
  subject: 'generated',
  compute(input, settings) {
    const { texts } = encode(textsOf(input, 'generated').texts, split);
    const n = texts.length;
    if (n === 0) return [];
    const row = rowsOf(this, settings);
    const short = texts.filter(({ length }) => length < 2).length;
    return [row(texts.reduce((sum, text) => sum + draysonDiversity(text), 0) / n, n), row(short / n, n, 'short-texts')];
  },
};
