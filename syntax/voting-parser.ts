/** Several greedy parsers, from both ends of the sentence, and a vote between them. */
import { seen } from './features.js';
import type { Model } from './model.js';
import { parseGreedily, type Analysis } from './parser.js';
import { LinearScorer, type Scorer } from './scorer.js';
import type { Tag } from './tagger.js';
import { vote, type Ballot, type Elected } from './vote.js';

/** A vote's weight: 1, and as much again as its margin is times the parser's mean margin, up to this. */
const MOST_SURE = 3;

/** A coarse number of each class of tags: of its part of speech alone. */
export function coarseOf(tags: readonly Tag[]): number[] {
  const parts = [...new Set(tags.map(({ upos }) => upos))].sort();
  return tags.map(({ upos }) => parts.indexOf(upos));
}

/** The analysis of a sentence whose words were given from the last to the first, in the sentence's own order. */
function turned({ heads, labels, margins }: Analysis): Analysis {
  const n = heads.length;
  return {
    heads: heads.map((head) => (head === n ? n : n - 1 - head)).reverse(),
    labels: labels.slice().reverse(),
    margins: margins.slice().reverse(),
  };
}

/** One parser's analysis of tagged words. */
export function analyse(
  forms: readonly string[],
  tags: ArrayLike<number>,
  coarse: readonly number[],
  { backward, moves }: Model['head']['parsers'][number],
  scorer: Scorer,
  root: number,
): Analysis {
  if (!backward) return parseGreedily(seen(forms, tags, coarse), forms.length, scorer, moves, root);
  const reversed = seen([...forms].reverse(), Array.from(tags).reverse(), coarse);
  return turned(parseGreedily(reversed, forms.length, scorer, moves, root));
}

/** What each of its parsers says of tagged words. */
export function ballotsOf({ head, parsers }: Model): (forms: readonly string[], tags: ArrayLike<number>) => Ballot[] {
  const coarse = coarseOf(head.tags);
  const root = head.labels.indexOf('root');
  const scorers = parsers.map((weights) => new LinearScorer(weights));
  return (forms, tags) =>
    head.parsers.map((parser, p) => {
      const { heads, labels, margins } = analyse(forms, tags, coarse, parser, scorers[p], root);
      return { heads, labels, weights: margins.map((margin) => 1 + Math.min(margin / parser.margin, MOST_SURE)) };
    });
}

/** Heads (n: the root) and labels that the ballots elect. */
export const elect = (ballots: readonly Ballot[], words: number): Elected =>
  ballots.length === 1 ? ballots[0] : vote(ballots, words);
