/** tokenizer.json's pre-tokenizers: a text to the pieces that are encoded one by one. As in Hugging Face tokenizers 0.23, or refused by name. */
import { splitWordsAt, toByteChars } from './byte-level.js';
import { type Fields, Fields as Part, unsupported } from './fields.js';
import { readPattern } from './patterns.js';

export interface Piece {
  readonly text: string;
  /** whether it begins the whole text */
  readonly first: boolean;
}

export interface PreTokenizer {
  readonly split: (piece: Piece) => Piece[];
  /** how a piece is spelled in the vocabulary, where that differs; applied once a word, behind everything else */
  readonly spell?: (text: string) => string;
  /** whether it takes linear time */
  readonly safe: boolean;
}

export function readPreTokenizer(value: unknown, where: string): PreTokenizer {
  if (value === null || value === undefined) return { split: (piece) => [piece], safe: true };
  const step = new Part(value, where);
  const preTokenizer = ofType(step);
  step.done();
  return preTokenizer;
}

/** As in Rust's regex crate: \w and \s of Unicode. */
const WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}';
const PUNCTUATION = '!-\\/:-@\\[-`\\{-~\\p{P}';
const SPACES = /\p{White_Space}/gu;

function ofType(step: Fields): PreTokenizer {
  switch (step.raw('type')) {
    case 'Sequence':
      return sequence(step.list('pretokenizers').map((inner, i) => readPreTokenizer(inner, `${step.where}.pretokenizers.${i}`)));
    case 'ByteLevel': {
      const prefix = step.boolean('add_prefix_space', true);
      const words = step.boolean('use_regex', true);
      step.boolean('trim_offsets', true); // says where tokens are in the text, not what they are
      return {
        split: ({ text, first }) => {
          const whole = prefix && !text.startsWith(' ') ? ` ${text}` : text;
          return words
            ? splitWordsAt(whole).map(([word, at]) => ({ text: word, first: first && at === 0 }))
            : [{ text: whole, first }];
        },
        spell: toByteChars,
        safe: true,
      };
    }
    case 'Whitespace':
      return splitting(new RegExp(`[${WORD}]+|[^${WORD}\\p{White_Space}]+`, 'gu'), 'Removed', true);
    case 'WhitespaceSplit':
      return splitting(SPACES, 'Removed');
    case 'CharDelimiterSplit':
      return splitting(literal(step.string('delimiter')), 'Removed');
    case 'BertPreTokenizer':
      return sequence([splitting(SPACES, 'Removed'), splitting(new RegExp(`[${PUNCTUATION}]`, 'gu'), 'Isolated')]);
    case 'Punctuation':
      return splitting(new RegExp(`[${PUNCTUATION}]`, 'gu'), step.choice('behavior', BEHAVIORS, 'Isolated'));
    case 'Digits':
      return splitting(/\p{N}/gu, step.boolean('individual_digits', false) ? 'Isolated' : 'Contiguous');
    case 'FixedLength':
      return splitting(new RegExp(`[^]{1,${step.count('length', 1)}}`, 'gu'), 'Isolated');
    case 'Split': {
      const { regex, safe } = readPattern(step);
      return { ...splitting(regex, step.choice('behavior', BEHAVIORS), step.boolean('invert', false)), safe };
    }
    case 'Metaspace':
      return metaspace(step);
    default:
      return unsupported(step, 'a pre-tokenizer of type');
  }
}

function sequence(steps: readonly PreTokenizer[]): PreTokenizer {
  const last = steps.at(-1);
  return {
    split: (piece) =>
      steps.reduce(
        (pieces: Piece[], { split, spell }, i) =>
          pieces.flatMap((inner) => {
            const parts = split(inner);
            return spell === undefined || i === steps.length - 1
              ? parts
              : parts.map(({ text, first }) => ({ text: spell(text), first }));
          }),
        [piece],
      ),
    spell: last?.spell,
    safe: steps.every(({ safe }) => safe),
  };
}

function metaspace(step: Fields): PreTokenizer {
  const replacement = step.string('replacement', '▁');
  const prefix = step.raw('add_prefix_space'); // what older files say in place of prepend_scheme
  const scheme = step.choice('prepend_scheme', ['always', 'first', 'never'], prefix === false ? 'never' : 'always');
  const words = splitting(literal(replacement), 'MergedWithNext');
  const whole = !step.boolean('split', true);
  step.raw('str_rep');
  return {
    split: ({ text, first }) => {
      const marked = text.replaceAll(' ', () => replacement);
      const begins = scheme === 'always' || (scheme === 'first' && first);
      const piece = { text: begins && !marked.startsWith(replacement) ? replacement + marked : marked, first };
      return whole ? [piece] : words.split(piece);
    },
    safe: true,
  };
}

function literal(text: string): RegExp {
  return new RegExp(text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'), 'gu');
}

const BEHAVIORS = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'] as const;
type Behavior = (typeof BEHAVIORS)[number];

/** A part of a text: [from, to), and whether the pattern matches it. */
interface Span {
  from: number;
  to: number;
  readonly match: boolean;
}

/** Splits at matches, or around them where `invert` says so; empty pieces are left out. */
function splitting(regex: RegExp, behavior: Behavior, invert = false): PreTokenizer {
  return {
    split: ({ text, first }) =>
      merged(spansOf(text, regex, invert), behavior)
        .filter(({ from, to }) => to > from)
        .map(({ from, to }) => ({ text: text.slice(from, to), first: first && from === 0 })),
    safe: true,
  };
}

function spansOf(text: string, regex: RegExp, invert: boolean): Span[] {
  const spans: Span[] = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(regex)) {
    if (index > end) spans.push({ from: end, to: index, match: invert });
    spans.push({ from: index, to: index + found.length, match: !invert });
    end = index + found.length;
  }
  if (end < text.length) spans.push({ from: end, to: text.length, match: invert });
  return spans;
}

function merged(spans: Span[], behavior: Behavior): Span[] {
  switch (behavior) {
    case 'Isolated':
      return spans;
    case 'Removed':
      return spans.filter(({ match }) => !match);
    case 'Contiguous':
      return folded(spans, (span, before) => span.match === before);
    case 'MergedWithPrevious':
      return folded(spans, (span, before) => span.match && !before);
    case 'MergedWithNext': {
      const reversed: Span[] = [];
      let before = false;
      for (const span of spans.reverse()) {
        const next = reversed.at(-1);
        if (span.match && !before && next !== undefined) next.from = span.from;
        else reversed.push(span);
        before = span.match;
      }
      return reversed.reverse();
    }
  }
}

/** @param joins whether a span becomes a part of the one before it, by whether that one matched */
function folded(spans: readonly Span[], joins: (span: Span, before: boolean) => boolean): Span[] {
  const out: Span[] = [];
  let before = false;
  for (const span of spans) {
    const last = out.at(-1);
    if (joins(span, before) && last !== undefined) last.to = span.to;
    else out.push(span);
    before = span.match;
  }
  return out;
}
