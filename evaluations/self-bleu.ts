/** Self-BLEU: how much each written text repeats the others, as the papers compute it. */
import { z } from 'zod';
import { scoreOf } from './bleu-score.js';
import { textsOf } from './input.js';
import { rowsOf } from './rows.js';
import { againstOthers, nltkScore, type TextAgainstOthers } from './self-bleu-scores.js';
import { encode, renumber } from './token-ids.js';
import { mteval13a, split, stein, type Tokenizer } from './tokenizers.js';
import type { Evaluation, Settings, Texts } from './types.js';

const settingsOf = (order: number) =>
  z.strictObject({
    texts: z
      .int()
      .min(0)
      .max(1e9)
      .default(5000)
      .describe('The first so many written texts, each against all others of them, so that sizes are equal; 0: all.'),
    order: z.int().min(1).max(9).default(order).describe('n-grams of 1 to so many words, equally weighted.'),
  });

/** Mean of scores; empty texts score 0 and count. Undefined for fewer than two texts. */
function meanOf(scores: readonly TextAgainstOthers[], scoreOf: (score: TextAgainstOthers) => number): number | undefined {
  return scores.length === 0 ? undefined : scores.reduce((sum, score) => sum + scoreOf(score), 0) / scores.length;
}

interface Form {
  readonly variant: string;
  readonly version: number;
  readonly summary: string;
  readonly order: number;
  /** one text's score, of 1 or 100 at most */
  readonly score: (score: TextAgainstOthers) => number;
  readonly best: 1 | 100;
  readonly ids: (texts: Texts, first: number) => readonly Int32Array[];
}

const words =
  (tokenize: Tokenizer) =>
  ({ texts }: Texts, first: number): readonly Int32Array[] =>
    encode(texts.slice(0, first), tokenize).texts;

/**
 * Value: mean over texts of BLEU against all other texts, lower is more diverse; `…/diversity`: its complement, which papers print too;
 * `…/empty-texts`: share of texts without a word, which score 0 and so pass for diverse. n: texts. None for fewer than two.
 */
function selfBleu({ variant, version, summary, order, score, best, ids }: Form): Evaluation {
  return {
    name: 'self-bleu',
    variant,
    version,
    summary,
    higherIsBetter: false,
    usual: false,
    of: 'texts',
    group: 'diversity',
    needs: { records: ['generated'] },
    settings: settingsOf(order),
    subject: 'generated',
    compute(input, settings: Settings) {
      const scores = againstOthers(ids(textsOf(input, 'generated'), Number(settings.texts) || Infinity), Number(settings.order));
      const mean = meanOf(scores, score);
      if (mean === undefined) return [];
      const row = rowsOf(this, settings);
      const empty = scores.filter(({ length }) => length === 0).length / scores.length;
      const n = scores.length;
      return [row(mean, n), row(best - mean, n, 'diversity'), row(empty, n, 'empty-texts')];
    },
  };
}

/** Source: Stein's thesis (after Guo et al.), fast-bleu there; exactly NLTK 3.10's sentence_bleu with method 1 here. */
const ofStein = selfBleu({
  variant: 'stein',
  version: 1,
  summary:
    'Self-BLEU of Stein and Guo: mean BLEU-3 (NLTK, smoothing method 1) of each text against all others, words in lower case without punctuation and digits; 0 to 1.',
  order: 3,
  score: nltkScore,
  best: 1,
  ids: words(stein),
});

/** The same on what lies between white space. Source: NLTK 3.10. */
const ofWhitespace = selfBleu({
  variant: 'whitespace',
  version: 1,
  summary:
    'Self-BLEU: mean BLEU-4 (NLTK, smoothing method 1) of each text against all others, words between white space; 0 to 1.',
  order: 4,
  score: nltkScore,
  best: 1,
  ids: words(split),
});

/**
 * On token ids. The paper draws 1,000 texts as hypotheses to save time; here every text is one, which its draws estimate.
 * Source: Drayson et al., "Machine-generated text detection prevents language model collapse" (2025).
 */
const ofDrayson = selfBleu({
  variant: 'drayson',
  version: 1,
  summary: 'Self-BLEU of Drayson: mean BLEU-4 (NLTK, smoothing method 1) of each text against all others, on token ids; 0 to 1.',
  order: 4,
  score: nltkScore,
  best: 1,
  ids: ({ tokens }, first) => renumber(tokens.slice(0, first)),
});

const sacrebleu = ({ matched, total, length, reference }: TextAgainstOthers): number =>
  scoreOf({ matched, total, length, reference }, { smoothing: 'exp', effectiveOrder: true });

/** Source: Schaffelder's evaluation: sacrebleu 2.6.0, BLEU(max_ngram_order=3, effective_order=True). */
const ofSchaffelder = selfBleu({
  variant: 'schaffelder',
  version: 1,
  summary:
    'Self-BLEU of Schaffelder: mean sacrebleu BLEU-3 (13a, exp smoothing, effective order) of each text against all others; 0 to 100.',
  order: 3,
  score: sacrebleu,
  best: 100,
  ids: words(mteval13a),
});

/** Words that a sentence must have to count, and where it ends: behind . ! or ? and white space, and with its line. */
const SENTENCE_WORDS = 4;
const SENTENCE_END = /(?<=[.!?])\s+|\n+/;

/**
 * The same of the sentences of one text against each other, and the mean over texts: how much a text repeats itself. n: texts that have two
 * sentences. Source: Schaffelder's evaluation ("individual": 500 responses).
 */
const withinTexts: Evaluation = {
  name: 'self-bleu',
  variant: 'schaffelder/in-text',
  version: 1,
  summary:
    'Self-BLEU of Schaffelder inside one text: mean over texts of the mean sacrebleu BLEU-3 of each sentence of four words or more against the others of its text; 0 to 100.',
  higherIsBetter: false,
  usual: false,
  of: 'texts',
  group: 'diversity',
  needs: { records: ['generated'] },
  settings: z.strictObject({
    texts: z.int().min(0).max(1e9).default(500).describe('The first so many written texts; 0: all.'),
    order: z.int().min(1).max(9).default(3).describe('n-grams of 1 to so many words, equally weighted.'),
  }),
  subject: 'generated',
  compute(input, settings) {
    const { texts } = textsOf(input, 'generated');
    const means = texts.slice(0, Number(settings.texts) || Infinity).flatMap((text) => {
      const sentences = text.split(SENTENCE_END).filter((sentence) => split(sentence).length >= SENTENCE_WORDS);
      return meanOf(againstOthers(encode(sentences, mteval13a).texts, Number(settings.order)), sacrebleu) ?? [];
    });
    if (means.length === 0) return [];
    const mean = means.reduce((sum, one) => sum + one, 0) / means.length;
    const row = rowsOf(this, settings);
    return [row(mean, means.length), row(100 - mean, means.length, 'diversity')];
  },
};

export const selfBleus: readonly Evaluation[] = [ofStein, ofWhitespace, ofDrayson, ofSchaffelder, withinTexts];
