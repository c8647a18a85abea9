/** Trains the segmenter on the raw text of a treebank. */
import type { CounterRng } from '../../common/philox.js';
import type { Sentence } from '../conllu.js';
import {
  charactersOf,
  end,
  forced,
  GOES_ON,
  PLACE_FEATURES,
  placeFeatures,
  PLACES,
  SENTENCE_ENDS,
  start,
  take,
  WORD_ENDS,
  type Characters,
} from '../segmenter.js';
import { best } from '../tagger.js';
import { Learner } from './learner.js';

/** A paragraph's text, and of each character what is behind it. */
export interface Paragraph {
  readonly text: string;
  readonly characters: Characters;
  readonly places: Uint8Array;
}

/** Paragraphs whose words spell their text; few multiword tokens are written otherwise than their words, and their sentences are left out. */
export function paragraphsOf(sentences: readonly Sentence[]): Paragraph[] {
  const paragraphs: { text: string; places: number[] }[] = [];
  for (const sentence of sentences) {
    const places = placesOf(sentence);
    if (places === undefined) continue;
    const last = paragraphs.at(-1);
    if (last === undefined || sentence.opens) paragraphs.push({ text: sentence.text!, places });
    else {
      last.text += ` ${sentence.text!}`;
      last.places.push(GOES_ON, ...places);
    }
  }
  return paragraphs.map(({ text, places }) => ({ text, characters: charactersOf(text), places: Uint8Array.from(places) }));
}

function placesOf({ text, forms }: Sentence): number[] | undefined {
  if (text === undefined) return undefined;
  const places: number[] = [];
  let rest = text;
  for (const form of forms) {
    while (/^\s/u.test(rest)) {
      places.push(GOES_ON);
      rest = rest.slice(1);
    }
    if (!rest.startsWith(form)) return undefined;
    places.push(...Array.from(form, () => GOES_ON));
    places[places.length - 1] = WORD_ENDS;
    rest = rest.slice(form.length);
  }
  if (rest.trim() !== '') return undefined;
  places[places.length - 1] = SENTENCE_ENDS;
  return [...places, ...Array.from(rest, () => GOES_ON)];
}

export function trainSegmenter(paragraphs: readonly Paragraph[], epochs: number, rng: CounterRng): Learner {
  const learner = new Learner(PLACES, 1, 21);
  const scores = new Float64Array(PLACES);
  const features = new Int32Array(PLACE_FEATURES);
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const p of rng.permutation(paragraphs.length, epoch)) {
      const { characters, places } = paragraphs[p];
      const progress = start();
      for (let i = 0; i < places.length; i++) {
        if (/\s/u.test(String.fromCodePoint(characters.points[i]))) {
          progress.from = i + 1;
          continue;
        }
        take(characters, i, progress);
        if (forced(characters, i) < 0) {
          const n = placeFeatures(characters, i, progress, features);
          learner.score(features, n, scores);
          const found = best(scores, PLACES);
          if (found !== places[i]) {
            learner.change(features, n, places[i], 1);
            learner.change(features, n, found, -1);
          }
          learner.tick();
        }
        if (places[i] !== GOES_ON) end(places[i], i, progress);
      }
    }
  }
  return learner;
}
