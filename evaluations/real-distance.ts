/** How far what was written is from real text in word frequencies and in length. */
import {
  chiSquareDistance,
  energyOfNumbers,
  hellinger,
  jsDivergence,
  klDivergence,
  ksStatistic,
  totalVariation,
  wasserstein1,
  wasserstein2,
} from './distances.js';
import { textsOf } from './input.js';
import { rowsOf } from './rows.js';
import { NONE } from './settings.js';
import { countsOf, encode } from './token-ids.js';
import { TOKENIZERS, type TokenizerName } from './tokenizers.js';
import type { Evaluation } from './types.js';
import { WORD_LIMIT } from './word-sample.js';

/**
 * Jensen-Shannon divergence in nats, in [0, ln 2], of the frequencies of the first `words` written words from those of as many of the real
 * test text; `…/kl-written-from-real`: Kullback-Leibler, none where a written word is not in the real text; `…/total-variation`,
 * `…/hellinger`, `…/chi-square` (½ Σ (p - q)² / (p + q)), each in [0, 1]. n: written words. Plug-in: two samples of one source differ, too, so
 * compare at equal n. Source: Lin, "Divergence measures based on the Shannon entropy" (1991).
 */
export const wordDivergence: Evaluation = {
  name: 'word-divergence',
  variant: 'jensen-shannon/real-test',
  version: 2,
  summary:
    'Jensen-Shannon divergence (nats) of written word frequencies from those of the real test text, 0 to .693; also Kullback-Leibler, total variation, Hellinger, chi-square; lower is closer.',
  higherIsBetter: false,
  usual: false,
  of: 'texts',
  group: 'real',
  needs: { records: ['generated', 'test'] },
  settings: WORD_LIMIT,
  subject: 'generated',
  compute(input, settings) {
    const tokenize = TOKENIZERS[settings.tokenizer as TokenizerName];
    const limit = Number(settings.words) || Infinity;
    const real = encode(textsOf(input, 'test').texts, tokenize, limit);
    const written = encode(textsOf(input, 'generated').texts, tokenize, limit);
    const n = written.texts.reduce((sum, { length }) => sum + length, 0);
    if (n === 0 || real.words.length === 0) return [];
    const bins = new Map([...real.words, ...written.words].map((word) => [word, { real: 0, written: 0 }]));
    countsOf({ texts: real.texts, types: real.words.length }).forEach((f, id) => (bins.get(real.words[id])!.real = f));
    countsOf({ texts: written.texts, types: written.words.length }).forEach(
      (f, id) => (bins.get(written.words[id])!.written = f),
    );
    const [p, q] = (['written', 'real'] as const).map((of) => Float64Array.from(bins.values(), (bin) => bin[of]));
    const row = rowsOf(this, settings);
    const kl = klDivergence(p, q);
    return [
      row(jsDivergence(p, q), n),
      ...(Number.isFinite(kl) ? [row(kl, n, 'kl-written-from-real')] : []),
      row(totalVariation(p, q), n, 'total-variation'),
      row(hellinger(p, q), n, 'hellinger'),
      row(chiSquareDistance(p, q), n, 'chi-square'),
    ];
  },
};

/**
 * 1-D Wasserstein distance, in words, of the lengths of written texts from those of real test texts: how many words a text is longer or
 * shorter; `…/wasserstein-2` (words), which large differences rule; `…/energy` (scipy's energy_distance, the root of words); `…/ks`: the largest
 * difference of the distribution functions, in [0, 1]. n: written texts. Source: scipy's wasserstein_distance.
 */
export const lengthDistance: Evaluation = {
  name: 'length-distance',
  variant: 'wasserstein-1/real-test',
  version: 2,
  summary:
    'Wasserstein distance of the lengths of written texts from those of real test texts, in words between white space; also 2-Wasserstein, energy distance and Kolmogorov-Smirnov; lower is closer.',
  higherIsBetter: false,
  usual: false,
  of: 'texts',
  group: 'real',
  needs: { records: ['generated', 'test'] },
  settings: NONE,
  subject: 'generated',
  compute(input, settings) {
    const [written, real] = (['generated', 'test'] as const).map((role) =>
      encode(textsOf(input, role).texts, TOKENIZERS.split)
        .texts.map(({ length }) => length)
        .sort((a, b) => a - b),
    );
    const n = written.length;
    if (n === 0 || real.length === 0) return [];
    const row = rowsOf(this, settings);
    return [
      row(wasserstein1(written, real), n),
      row(wasserstein2(written, real), n, 'wasserstein-2'),
      row(energyOfNumbers(written, real), n, 'energy'),
      row(ksStatistic(written, real), n, 'ks'),
    ];
  },
};
