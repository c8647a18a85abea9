/**
 * An n-gram model of real text: maximum-likelihood counts, written from exactly, scored with interpolation. Words are what white
 * space separates; `<eos>` follows every line that is not empty.
 */
import { HabsburgError } from '../../../common/errors.js';
import { MEASURES } from '../measures.js';
import type { NgramWorld } from '../plan.js';
import type { Draws } from './draws.js';
import { countGrams, lowerBound, mergeTables, occurrence, occurrences, type GramTable } from './ngram-counts.js';
import type { ChainFamily } from './types.js';

const EOS = 0;
const UNKNOWN = 1;

interface Data {
  readonly n: number;
  /** orders 1 … N */
  readonly tables: readonly GramTable[];
  /** where single lines are kept, and for what is not merged */
  readonly tokens?: Int32Array;
}

interface Model {
  readonly n: number;
  readonly tables: readonly GramTable[];
}

interface World extends NgramWorld {
  readonly vocabulary: number;
  readonly train: Int32Array;
  /** types that the test text has and the training text has not are `<unk>` */
  readonly held: Int32Array;
  /** 1 for the types of the tail */
  readonly rare: Uint8Array;
  readonly types: number;
  readonly records: boolean;
}

/** Tokens over which distinct-n are counted: the same in every generation, since they fall with length. */
const DISTINCT_TOKENS = 100_000;

export const ngram: ChainFamily<NgramWorld, World, Data, Model> = {
  name: 'n-gram',
  version: 1,
  measures: MEASURES['n-gram'],
  world({ plan, records, text, size }) {
    if (!text) throw new HabsburgError('failed', 'internal: an n-gram world needs text');
    const ids = new Map([
      ['<eos>', EOS],
      ['<unk>', UNKNOWN],
    ]);
    const train = encode(text.train, (word) => {
      let id = ids.get(word);
      if (id === undefined) ids.set(word, (id = ids.size));
      return id;
    });
    if (train.length < 2) throw new HabsburgError('invalid', 'data.train holds no words');
    if (size > train.length) {
      throw new HabsburgError(
        'invalid',
        `sample: ${size} tokens are more than the ${train.length} of data.train; use a smaller sample, or 0 for all`,
      );
    }
    const held = encode(text.test, (word) => ids.get(word) ?? UNKNOWN);
    if (held.length < 2) throw new HabsburgError('invalid', 'data.test holds no words');
    const counts = new Float64Array(ids.size);
    for (const token of train) counts[token]++;
    const { rare, types } = tailOf(counts, plan.tail * train.length);
    return { ...plan, vocabulary: ids.size, train, held, rare, types, records };
  },
  whole: ({ train }) => train.length,
  // The real text is one sample: its beginning in generation 0, lines of it redrawn later.
  real(world, n, draws) {
    if (draws.generation === 0) return dataOf(world, world.train.slice(0, n));
    return dataOf(world, linesOf(world.train, n, draws, true));
  },
  fit: (_world, { n, tables }) => ({ n, tables }),
  generate(world, model, n, draws) {
    return dataOf(world, write(world, model, n, draws));
  },
  merge(world, parts) {
    const tables = Array.from({ length: world.order }, (_, o) => parts.map((part) => part.tables[o]).reduce(mergeTables));
    const n = parts.reduce((sum, part) => sum + part.n, 0);
    // only what is drawn from again is kept in full: measures look at the newest part
    const tokens = world.records ? joined(parts.map((part) => part.tokens!)) : parts[parts.length - 1].tokens;
    return { n, tables, tokens };
  },
  subset(world, data, n, draws) {
    return dataOf(world, linesOf(data.tokens!, n, draws, false));
  },
  size: ({ n }) => n,
  measure(world, model, data) {
    const [unigrams] = model.tables;
    let known = 0;
    let tail = 0;
    let squares = 0;
    unigrams.keys.forEach((type, i) => {
      const count = occurrences(unigrams, i, i + 1);
      if (type !== UNKNOWN) known++;
      if (world.rare[type]) tail += count;
      squares += (count / model.n) ** 2;
    });
    return [
      perplexity(world, model),
      known / world.types,
      tail / model.n,
      1 - squares,
      distinct2(data.tokens!, world.vocabulary),
    ];
  },
};

function dataOf(world: World, tokens: Int32Array): Data {
  return { n: tokens.length, tables: countGrams(tokens, world.order, world.vocabulary), tokens };
}

function encode(text: string, idOf: (word: string) => number): Int32Array {
  const tokens: number[] = [];
  for (const line of text.split('\n')) {
    const words = line.split(/\s+/).filter((word) => word !== '');
    if (words.length === 0) continue;
    for (const word of words) tokens.push(idOf(word));
    tokens.push(EOS);
  }
  return Int32Array.from(tokens);
}

/** The rarest types that together have at most `mass` tokens; ties by id, so that the set is one. */
function tailOf(counts: Float64Array, mass: number): { rare: Uint8Array; types: number } {
  const types = [...counts.keys()].filter((id) => counts[id] > 0 && id !== UNKNOWN);
  types.sort((a, b) => counts[a] - counts[b] || b - a);
  const rare = new Uint8Array(counts.length);
  let sum = 0;
  for (const id of types) {
    if ((sum += counts[id]) > mass) break;
    rare[id] = 1;
  }
  return { rare, types: types.length };
}

/** n tokens from the pure maximum-likelihood chain; a context that the text ends with backs off to a shorter one. */
function write(world: World, { tables }: Model, n: number, draws: Draws): Int32Array {
  const out = new Int32Array(n);
  const v = world.vocabulary;
  for (let i = 0; i < n; i++) {
    let written = false;
    for (let o = Math.min(world.order - 1, i); o >= 0 && !written; o--) {
      let context = 0;
      for (let j = i - o; j < i; j++) context = context * v + out[j];
      const table = tables[o];
      const first = o === 0 ? 0 : lowerBound(table.keys, context * v);
      const last = o === 0 ? table.keys.length : lowerBound(table.keys, (context + 1) * v);
      const total = occurrences(table, first, last);
      if (total === 0) continue;
      out[i] = table.keys[occurrence(table, first, draws.integer(total))] - context * v;
      written = true;
    }
  }
  return out;
}

/** Whole lines in random order until there are n tokens; the last one is cut. */
function linesOf(tokens: Int32Array, n: number, draws: Draws, again: boolean): Int32Array {
  const starts: number[] = [0];
  for (let i = 0; i < tokens.length - 1; i++) if (tokens[i] === EOS) starts.push(i + 1);
  const order = again ? undefined : draws.choose(starts.length, starts.length);
  const out = new Int32Array(n);
  let at = 0;
  for (let i = 0; at < n; i++) {
    const line = order ? order[i] : draws.integer(starts.length);
    const piece = tokens.subarray(starts[line], starts[line + 1] ?? tokens.length).subarray(0, n - at);
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

function joined(parts: readonly Int32Array[]): Int32Array {
  const out = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Interpolated orders over uniform; an order whose context was never seen takes the next shorter one's probability. */
function perplexity(world: World, { n, tables }: Model): number {
  const { held, order, vocabulary: v, interpolation } = world;
  const uniform = interpolation[order] / v;
  let nll = 0;
  for (let i = 0; i < held.length; i++) {
    let lower = 0;
    let p = uniform;
    for (let o = 0; o < order; o++) {
      let context = 0;
      for (let j = i - o; j < i; j++) context = context * v + (j < 0 ? EOS : held[j]);
      const table = tables[o];
      const first = o === 0 ? 0 : lowerBound(table.keys, context * v);
      const total = o === 0 ? n : occurrences(table, first, lowerBound(table.keys, (context + 1) * v));
      if (total > 0) {
        const gram = lowerBound(table.keys, context * v + held[i]);
        const found = gram < table.keys.length && table.keys[gram] === context * v + held[i];
        lower = found ? occurrences(table, gram, gram + 1) / total : 0;
      }
      p += interpolation[order - 1 - o] * lower;
    }
    nll -= Math.log(p);
  }
  return Math.exp(nll / held.length);
}

function distinct2(tokens: Int32Array, vocabulary: number): number {
  const head = tokens.subarray(0, DISTINCT_TOKENS);
  return head.length < 2 ? NaN : countGrams(head, 2, vocabulary)[1].keys.length / (head.length - 1);
}
