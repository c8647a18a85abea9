/** Trains segmenter, tagger and parser on a treebank. The same treebank and seed give the same bytes. */
import { CounterRng } from '../../common/philox.js';
import type { Sentence } from '../conllu.js';
import { seen } from '../features.js';
import type { Model } from '../model.js';
import { LinearScorer } from '../scorer.js';
import { tagWords } from '../tagger.js';
import { quantise } from './quantise.js';
import { parseGreedily } from '../parser.js';
import { coarseOf } from '../voting-parser.js';
import { movesOf, trainParser, type Example } from './train-parser.js';
import { paragraphsOf, trainSegmenter } from './train-segmenter.js';
import { tagsOf, trainTagger } from './train-tagger.js';

/** Found on the development sentences. */
const EPOCHS = { segmenter: 5, tagger: 6 };
/** They vote. */
const PARSERS = [
  { backward: false, epochs: 9, purpose: 'parser' },
  { backward: true, epochs: 8, purpose: 'parserr' },
];
/** sentences that a parser's mean margin is taken of */
const MARGINS_OF = 1000;
/** parts of the treebank that are tagged by a tagger of the others */
const FOLDS = 5;
/** how often the parser's own move is followed */
const EXPLORE = 0.9;
const PATIENCE = 1;
/** entries of each linear model: what bounds the file's size */
const ENTRIES = { segmenter: 100_000, tagger: 600_000, parser: 1_200_000 };

export interface Training {
  readonly treebank: string;
  readonly licence: string;
  readonly seed: number;
  readonly say: (line: string) => void;
}

export function train(sentences: readonly Sentence[], { treebank, licence, seed, say }: Training): Model {
  const rng = (purpose: string) => new CounterRng({ seed, generation: 0, member: '', step: 'train-parser', purpose });
  say(`segmenter: ${sentences.length} sentences`);
  const segmenter = quantise(
    trainSegmenter(paragraphsOf(sentences), EPOCHS.segmenter, rng('segmenter')).learned(),
    ENTRIES.segmenter,
  );
  const tags = tagsOf(sentences);
  say(`tagger: ${tags.length} pairs of tags`);
  const tagger = quantise(trainTagger(sentences, tags, EPOCHS.tagger, rng('tagger')).learned(), ENTRIES.tagger);

  // the parser learns from tags as it will be given them: those of a tagger that has not seen the sentence
  const fold = (i: number): number => Math.floor((i * FOLDS) / sentences.length);
  const tagged: Int32Array[] = [];
  for (let f = 0; f < FOLDS; f++) {
    say(`tags for the parser: fold ${f + 1} of ${FOLDS}`);
    const others = sentences.filter((_, i) => fold(i) !== f);
    const learned = trainTagger(others, tags, EPOCHS.tagger, rng(`fold${f}`)).learned();
    const scorer = new LinearScorer(learned);
    sentences.forEach(({ forms }, i) => {
      if (fold(i) === f) tagged[i] = tagWords(forms, scorer);
    });
  }

  const coarse = coarseOf(tags);
  const labels = [...new Set(sentences.flatMap(({ deprels }) => deprels))].sort();
  const byLabel = new Map(labels.map((label, i) => [label, i]));
  const root = labels.indexOf('root');
  const trained = PARSERS.map(({ backward, epochs, purpose }, p) => {
    const examples = sentences.map(({ forms, heads, deprels }, i): Example => {
      const n = forms.length;
      const gold = {
        forms,
        tags: tagged[i],
        heads: Int32Array.from(heads, (head) => (head === 0 ? n : head - 1)),
        labels: Int32Array.from(deprels, (deprel) => byLabel.get(deprel)!),
      };
      const one = backward ? fromTheEnd(gold) : gold;
      return { seen: seen(one.forms, one.tags, coarse), heads: one.heads, labels: one.labels };
    });
    const moves = movesOf(examples);
    const learner = trainParser(examples, moves, root, {
      epochs,
      explore: EXPLORE,
      patience: PATIENCE,
      rng: rng(purpose),
      onEpoch: (epoch) => say(`parser ${p + 1} of ${PARSERS.length}: epoch ${epoch + 1} of ${epochs}`),
    });
    const weights = quantise(learner.learned(), ENTRIES.parser);
    const scorer = new LinearScorer(weights);
    let [margins, words] = [0, 0];
    for (const { seen, heads } of examples.slice(0, MARGINS_OF))
      for (const margin of parseGreedily(seen, heads.length, scorer, moves, root).margins) {
        margins += margin;
        words++;
      }
    return { head: { backward, moves, margin: margins / words }, weights };
  });
  return {
    head: { treebank, licence, tags, labels, parsers: trained.map(({ head }) => head) },
    segmenter,
    tagger,
    parsers: trained.map(({ weights }) => weights),
  };
}

interface Gold {
  readonly forms: readonly string[];
  readonly tags: Int32Array;
  readonly heads: Int32Array;
  readonly labels: Int32Array;
}

/** The same sentence from its last word to its first. */
function fromTheEnd({ forms, tags, heads, labels }: Gold): Gold {
  const n = forms.length;
  return {
    forms: [...forms].reverse(),
    tags: tags.slice().reverse(),
    heads: heads.map((head) => (head === n ? n : n - 1 - head)).reverse(),
    labels: labels.slice().reverse(),
  };
}
