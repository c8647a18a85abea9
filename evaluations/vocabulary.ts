/** The vocabulary that is in use: its size against the text's, what occurs once, how evenly it is used. */
import { entropyOf, frequenciesOf, giniOf } from './frequencies.js';
import { countsOf, ngramsUpTo } from './token-ids.js';
import { wordMetric } from './word-sample.js';

/**
 * Types V among N words; `…/ttr` V / N, `…/herdan-c` ln V / ln N, `…/guiraud-r` V / √N; `…/simpson-d` the chance that two
 * of the words are the same, Σ f (f - 1) / (N (N - 1)). n: words. Source: Herdan (1960), Guiraud (1954), Simpson (1949).
 */
export const vocabulary = wordMetric({
  name: 'vocabulary',
  variant: 'types',
  version: 2,
  summary:
    "Different words among the first `words`; also as a type-token ratio, Herdan's C and Guiraud's R (higher is more diverse), and Simpson's D (lower).",
  higherIsBetter: true,
  values({ texts, words: { length: n }, types }, row) {
    const ratios = [row(types, n), row(types / n, n, 'ttr'), row(types / Math.sqrt(n), n, 'guiraud-r')];
    if (n === 1) return ratios;
    const { squares } = frequenciesOf(countsOf({ texts, types }));
    return [...ratios, row(Math.log(types) / Math.log(n), n, 'herdan-c'), row((squares - n) / (n * (n - 1)), n, 'simpson-d')];
  },
});

/** Words that occur once / different words, in [0, 1]; `…/of-words`: / words. n: types; words. Source: Tweedie and Baayen (1998). */
export const hapax = wordMetric({
  name: 'hapax',
  variant: 'of-types',
  version: 1,
  summary:
    'Hapaxes: share of the different words that occur once; also their share of all words; 0 to 1, higher is more diverse.',
  higherIsBetter: true,
  values({ texts, types, words }, row) {
    const { once } = frequenciesOf(countsOf({ texts, types }));
    return [row(once / types, types), row(once / words.length, words.length, 'of-words')];
  },
});

/**
 * Plug-in entropy of the words' frequencies in nats; `…/normalised`: / ln V, in [0, 1], none for one type; `…/bigrams`: of 2-grams inside
 * texts. n: words; 2-grams. Nothing corrects the plug-in's bias, so compare at equal n only.
 */
export const tokenEntropy = wordMetric({
  name: 'token-entropy',
  variant: 'plug-in',
  version: 1,
  summary:
    'Entropy in nats of the frequencies of words, of 2-grams, and as a share of the largest possible; higher is more diverse.',
  higherIsBetter: true,
  values({ texts, types, words: { length: n } }, row) {
    const [words, pairs] = ngramsUpTo(texts, 2).map(countsOf);
    const entropy = entropyOf(words);
    const total = frequenciesOf(pairs).tokens;
    return [
      row(entropy, n),
      ...(types > 1 ? [row(entropy / Math.log(types), n, 'normalised')] : []),
      ...(total > 0 ? [row(entropyOf(pairs), total, 'bigrams')] : []),
    ];
  },
});

/**
 * Gini coefficient of the frequencies of the words in use, in [0, 1): 0 where all are as frequent, also where these are only two: read it
 * with the vocabulary. n: types.
 */
export const gini = wordMetric({
  name: 'gini',
  variant: 'word-frequencies',
  version: 1,
  summary: 'Gini coefficient of word frequencies: 0 where all words in use are as frequent; 0 to 1. Read it with `vocabulary`.',
  values: ({ texts, types }, row) => [row(giniOf(countsOf({ texts, types })), types)],
});
