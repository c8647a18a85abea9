/** tokenizer.json's models: a piece of text to ids. As in Hugging Face tokenizers 0.23, or refused by name. */
import { HabsburgError } from '../../common/errors.js';
import { damaged, type Fields, Fields as Part, tokenId, unsupported } from './fields.js';
import { Merges } from './merges.js';

export interface Model {
  /** token -> id */
  readonly vocabulary: ReadonlyMap<string, number>;
  encode(piece: string): number[];
}

export function readModel(value: unknown, where: string): Model {
  const step = new Part(value, where);
  // files of old versions name no type: only BPE has merges
  const type = step.raw('type') ?? (step.raw('merges') === undefined ? undefined : 'BPE');
  const model = type === 'BPE' ? bpe(step) : type === 'WordLevel' ? wordLevel(step) : type === 'WordPiece' ? wordPiece(step) : type === 'Unigram' ? unigram(step) : unsupported(step, 'a model of type'); // prettier-ignore
  step.done();
  return model;
}

function readVocabulary(step: Fields): ReadonlyMap<string, number> {
  const value = step.raw('vocab');
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged(`${step.where}.vocab is no object`);
  return new Map(
    Object.entries(value).map(([token, id]) => [token, tokenId(id, `${step.where}.vocab: ${JSON.stringify(token)}`)]),
  );
}

/** The id of the token for what the vocabulary lacks; undefined where there is none. */
function unknownToken(step: Fields, vocabulary: ReadonlyMap<string, number>): { readonly name?: string; readonly id?: number } {
  const name = step.raw('unk_token');
  if (name === undefined || name === null) return {};
  if (typeof name !== 'string') throw damaged(`${step.where}.unk_token is no text`);
  return { name, id: vocabulary.get(name) };
}

/** @param given for the message: what the text has */
function noUnknown(step: Fields, name: string | undefined, given: string): HabsburgError {
  const why = name === undefined ? 'the tokenizer has no token for what is unknown (unk_token)' : `its unk_token ${JSON.stringify(name)} is not in it either`; // prettier-ignore
  return new HabsburgError(
    'invalid',
    `${step.where}: ${JSON.stringify(given.slice(0, 40))} is not in the vocabulary, and ${why}`,
  );
}

const byteToken = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;

function byteTokens(text: string, vocabulary: ReadonlyMap<string, number>): number[] | undefined {
  const ids = Array.from(new TextEncoder().encode(text), (byte) => vocabulary.get(byteToken(byte)));
  return ids.every((id) => id !== undefined) ? ids : undefined;
}

function bpe(step: Fields): Model {
  const vocabulary = readVocabulary(step);
  const unknown = unknownToken(step, vocabulary);
  const fuse = step.boolean('fuse_unk', false);
  const bytes = step.boolean('byte_fallback', false);
  const wholeWords = step.boolean('ignore_merges', false);
  const prefix = step.string('continuing_subword_prefix', '');
  const suffix = step.string('end_of_word_suffix', '');
  const dropout = step.raw('dropout') ?? 0;
  if (dropout !== 0)
    throw new HabsburgError('invalid', `${step.where}: dropout ${JSON.stringify(dropout)} would split every text at random, which is not supported`); // prettier-ignore
  const pairs = step.list('merges').map((merge, rank): [string, string] => {
    const parts = typeof merge === 'string' ? merge.split(' ') : merge;
    if (Array.isArray(parts) && parts.length === 2 && parts.every((part) => typeof part === 'string')) return parts as [string, string]; // prettier-ignore
    throw damaged(`${step.where}.merges.${rank} is no pair of tokens`);
  });
  const merges = mergesOf(pairs, vocabulary, prefix.length, step.where);
  return {
    vocabulary,
    encode(piece) {
      const whole = wholeWords ? vocabulary.get(piece) : undefined;
      if (whole !== undefined) return [whole];
      const symbols: number[] = [];
      let pending = false;
      const characters = Array.from(piece);
      characters.forEach((character, i) => {
        const spelled = (i > 0 ? prefix : '') + character + (i === characters.length - 1 ? suffix : '');
        const id = vocabulary.get(spelled);
        if (id !== undefined) {
          if (pending) symbols.push(unknown.id!);
          pending = false;
          symbols.push(id);
          return;
        }
        const spelledInBytes = bytes ? byteTokens(spelled, vocabulary) : undefined;
        if (spelledInBytes !== undefined) {
          symbols.push(...spelledInBytes);
          return;
        }
        if (unknown.name === undefined) return; // a character that the vocabulary lacks is left out
        if (unknown.id === undefined) throw noUnknown(step, unknown.name, spelled);
        if (pending && !fuse) symbols.push(unknown.id);
        pending = true;
      });
      if (pending) symbols.push(unknown.id!);
      return merges.apply(symbols);
    },
  };
}

function mergesOf(pairs: [string, string][], vocabulary: ReadonlyMap<string, number>, prefix: number, where: string): Merges {
  try {
    return new Merges(pairs, vocabulary, (left, right) => left + right.slice(prefix));
  } catch (cause) {
    throw damaged(`${where}: ${(cause as Error).message}`);
  }
}

function wordLevel(step: Fields): Model {
  const vocabulary = readVocabulary(step);
  const unknown = unknownToken(step, vocabulary);
  return {
    vocabulary,
    encode(piece) {
      const id = vocabulary.get(piece) ?? unknown.id;
      if (id === undefined) throw noUnknown(step, unknown.name, piece);
      return [id];
    },
  };
}

function wordPiece(step: Fields): Model {
  const vocabulary = readVocabulary(step);
  const unknown = unknownToken(step, vocabulary);
  const prefix = step.string('continuing_subword_prefix', '##');
  const longestWord = step.count('max_input_chars_per_word', 0, 100);
  let longest = 0;
  for (const token of vocabulary.keys()) longest = Math.max(longest, token.length);
  return {
    vocabulary,
    encode(piece) {
      const characters = Array.from(piece);
      const ids = characters.length > longestWord ? undefined : pieces(characters);
      if (ids !== undefined) return ids;
      if (unknown.id === undefined) throw noUnknown(step, unknown.name, piece);
      return [unknown.id];
    },
  };

  /** The longest token that fits, from the left; undefined where none does. */
  function pieces(characters: readonly string[]): number[] | undefined {
    const ids: number[] = [];
    for (let from = 0; from < characters.length;) {
      let to = Math.min(characters.length, from + longest);
      let id: number | undefined;
      for (; to > from; to--) {
        id = vocabulary.get((from > 0 ? prefix : '') + characters.slice(from, to).join(''));
        if (id !== undefined) break;
      }
      if (id === undefined) return undefined;
      ids.push(id);
      from = to;
    }
    return ids;
  }
}

/** What an unknown character costs beside the least likely token. */
const UNKNOWN_PENALTY = 10;

function unigram(step: Fields): Model {
  const entries = step.list('vocab').map((entry, i): [string, number] => {
    if (Array.isArray(entry) && typeof entry[0] === 'string' && Number.isFinite(entry[1])) return [entry[0], entry[1] as number];
    throw damaged(`${step.where}.vocab.${i} is no token with its score`);
  });
  const vocabulary = new Map(entries.map(([token], id) => [token, tokenId(id, step.where)]));
  const bytes = step.boolean('byte_fallback', false);
  const unknown = (step.raw('unk_id') ?? undefined) === undefined ? undefined : step.count('unk_id', 0);
  if (unknown !== undefined && unknown >= entries.length) throw damaged(`${step.where}.unk_id is ${unknown}, which no token has`);
  const scores = entries.map(([, score]) => score);
  const unknownScore = scores.reduce((least, score) => Math.min(least, score), Infinity) - UNKNOWN_PENALTY;
  const lengths = [...new Set(entries.map(([token]) => token.length))].filter((n) => n > 0).sort((a, b) => a - b);
  return {
    vocabulary,
    encode: (piece) =>
      best(piece).flatMap((part) => {
        const id = vocabulary.get(part);
        if (id !== undefined) return [id];
        const spelled = bytes ? byteTokens(part, vocabulary) : undefined;
        if (spelled !== undefined) return spelled;
        if (unknown === undefined) throw noUnknown(step, undefined, part);
        return [unknown];
      }),
  };

  /** The parts of the most likely split (Viterbi); neighbouring unknown characters are one part. */
  function best(text: string): string[] {
    const score = new Float64Array(text.length + 1).fill(-Infinity);
    const from = new Int32Array(text.length + 1).fill(-1);
    const isUnknown = new Uint8Array(text.length + 1);
    score[0] = 0;
    const offer = (at: number, to: number, value: number, strange: boolean): void => {
      if (from[to] >= 0 && !(value > score[to])) return;
      score[to] = value;
      from[to] = at;
      isUnknown[to] = strange ? 1 : 0;
    };
    for (let at = 0; at < text.length;) {
      const character = text.codePointAt(at)! > 0xffff ? 2 : 1;
      let single = false;
      for (const length of lengths) {
        if (at + length > text.length) break;
        const id = vocabulary.get(text.slice(at, at + length));
        if (id === undefined) continue;
        offer(at, at + length, scores[id] + score[at], id === unknown);
        single ||= length === character;
      }
      if (!single) {
        if (unknown === undefined) throw noUnknown(step, undefined, text.slice(at, at + character));
        offer(at, at + character, unknownScore + score[at], true);
      }
      at += character;
    }
    const parts: string[] = [];
    let strangeTo = -1;
    for (let to = text.length; to > 0; to = from[to]) {
      if (isUnknown[to]) {
        if (strangeTo < 0) strangeTo = to;
        if (from[to] === 0) parts.push(text.slice(0, strangeTo));
        continue;
      }
      if (strangeTo >= 0) parts.push(text.slice(to, strangeTo));
      strangeTo = -1;
      parts.push(text.slice(from[to], to));
    }
    return parts.reverse();
  }
}
