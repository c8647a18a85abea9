/** Trains the tagger: an averaged perceptron that tags each sentence with its own earlier tags in view. */
import type { CounterRng } from '../../common/philox.js';
import type { Sentence } from '../conllu.js';
import { best, TAGGER_FEATURES, tagFeatures, type Tag } from '../tagger.js';
import { wordOf } from '../words.js';
import { Learner } from './learner.js';

/** All pairs of tags that occur, in order. */
export function tagsOf(sentences: readonly Sentence[]): Tag[] {
  const names = new Set<string>();
  for (const { upos, xpos } of sentences) upos.forEach((tag, i) => names.add(`${tag} ${xpos[i]}`));
  return [...names].sort().map((name) => ({ upos: name.split(' ')[0], xpos: name.split(' ')[1] }));
}

export function classesOf({ upos, xpos }: Sentence, tags: readonly Tag[]): Int32Array {
  const byName = new Map(tags.map((tag, i) => [`${tag.upos} ${tag.xpos}`, i]));
  return Int32Array.from(upos, (tag, i) => byName.get(`${tag} ${xpos[i]}`) ?? -1);
}

export function trainTagger(sentences: readonly Sentence[], tags: readonly Tag[], epochs: number, rng: CounterRng): Learner {
  const learner = new Learner(tags.length, 1, 22);
  const examples = sentences.map((sentence) => ({ words: sentence.forms.map(wordOf), gold: classesOf(sentence, tags) }));
  const scores = new Float64Array(256);
  const features = new Int32Array(TAGGER_FEATURES);
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const e of rng.permutation(examples.length, epoch)) {
      const { words, gold } = examples[e];
      const given = new Int32Array(words.length);
      for (let i = 0; i < words.length; i++) {
        const n = tagFeatures(words, given, i, features);
        learner.score(features, n, scores);
        given[i] = best(scores, tags.length);
        if (given[i] !== gold[i]) {
          learner.change(features, n, gold[i], 1);
          learner.change(features, n, given[i], -1);
        }
        learner.tick();
      }
    }
  }
  return learner;
}
