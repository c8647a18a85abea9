/** English texts as parsed sentences, by the model that comes with Habsburg: nothing is downloaded. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fromSystemError } from '../common/errors.js';
import { packageRoot } from '../common/version.js';
import type { Sentence } from './conllu.js';
import { readModel, type Model } from './model.js';
import { LinearScorer } from './scorer.js';
import { segment } from './segmenter.js';
import { tagWords } from './tagger.js';
import type { Ballot } from './vote.js';
import { ballotsOf, elect } from './voting-parser.js';

export interface SyntaxParser {
  /** The sentences of a text, none of one without a word. The same text gives the same sentences on every machine. */
  parse(text: string): Sentence[];
  /** One sentence whose words are known already. */
  parseWords(words: readonly string[]): Sentence;
  /** What each of its parsers says of a sentence's heads and relations. */
  ballots(words: readonly string[]): readonly Ballot[];
  /** by the number that ballots give them */
  readonly relations: readonly string[];
  /** Sentences of words, as UD English-EWT cuts them. */
  segment(text: string): string[][];
}

/** Where the model lies: beside package.json, from the sources and from dist/ alike. */
export const modelFile = (): string => path.join(packageRoot(), 'syntax', 'model', 'english-ewt.bin');

let loaded: SyntaxParser | undefined;

/** The parser that comes with Habsburg, read once. @throws HabsburgError where its file is missing or damaged */
export function englishParser(): SyntaxParser {
  if (loaded === undefined) {
    const file = modelFile();
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(file);
    } catch (error) {
      throw fromSystemError(error, `reading the model of the parser, ${file}`);
    }
    loaded = parserOf(readModel(bytes, file));
  }
  return loaded;
}

export function parserOf(model: Model): SyntaxParser {
  const { tags, labels } = model.head;
  const places = new LinearScorer(model.segmenter);
  const tagging = new LinearScorer(model.tagger);
  const ballotsFor = ballotsOf(model);
  const parseWords = (forms: readonly string[]): Sentence => {
    const given = tagWords(forms, tagging);
    const found = elect(ballotsFor(forms, given), forms.length);
    return {
      forms,
      upos: Array.from(given, (tag) => tags[tag].upos),
      xpos: Array.from(given, (tag) => tags[tag].xpos),
      heads: Int32Array.from(forms, (_, i) => (found.heads[i] === forms.length ? 0 : found.heads[i] + 1)),
      deprels: forms.map((_, i) => labels[found.labels[i]]),
    };
  };
  return {
    parseWords,
    ballots: (forms) => ballotsFor(forms, tagWords(forms, tagging)),
    relations: labels,
    segment: (text) => segment(text, places),
    parse: (text) => segment(text, places).map(parseWords),
  };
}
