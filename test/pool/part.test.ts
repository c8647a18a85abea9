/** Parts of texts in the ids that they were written in: against a vocabulary made by hand, and laws on real tokenizers. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { loadTokenizer, saveTokenizer } from '../../engine/tokenizer/files.js';
import { trainBpe } from '../../engine/tokenizer/train-bpe.js';
import { countWords } from '../../engine/tokenizer/word-counts.js';
import { partOf, type PartTokenizer } from '../../pool/part.js';
import type { DataRecord } from '../../pool/records.js';

/** 0 … 25: a … z; then pieces; 99 ends a text and is no text. */
const PIECES: Readonly<Record<number, string>> = { 30: 'the ', 31: 'end.\n', 32: 'cat', 33: '. ', 34: '.', 35: '\n', 99: '</s>' };
const spelled = (id: number): string => PIECES[id] ?? String.fromCharCode(97 + id);
const tokenizer: PartTokenizer = {
  decode: (ids) => ids.map(spelled).join(''),
  encode: (text) => [...text].map((c) => (c === '.' ? 34 : c === '\n' ? 35 : c.charCodeAt(0) - 97)),
  specials: ['</s>'],
  endTokens: [99],
};
const origin: DataRecord['origin'] = { kind: 'generated', member: 'opt', generation: 1, model: 'm', prompt: 'real/0' };
const block = (...tokens: number[]): DataRecord => ({ id: 'g1/opt/0', tokens, text: tokenizer.decode(tokens), origin });

describe('a block', () => {
  test('keeps the ids that lie in the part, whatever they would be encoded as', () => {
    // "the cat. the end.\n"
    const record = block(30, 32, 33, 30, 31);
    expect(partOf(record, { from: 0, to: 9 }, tokenizer)).toEqual({ ...record, tokens: [30, 32, 33], text: 'the cat. ' });
    expect(partOf(record, { from: 9, to: 18 }, tokenizer)).toEqual({ ...record, tokens: [30, 31], text: 'the end.\n' });
  });
  test('a token across an edge is encoded anew, as far as it lies inside', () => {
    expect(partOf(block(30, 32, 33), { from: 0, to: 8 }, tokenizer)).toMatchObject({ tokens: [30, 32, 34], text: 'the cat.' });
    expect(partOf(block(30, 32, 33), { from: 5, to: 9 }, tokenizer)).toMatchObject({ tokens: [0, 19, 33], text: 'at. ' });
  });
  test('never has more tokens than it was written in: what would take more is left out', () => {
    // "end." is four tokens anew, and there was one
    expect(partOf(block(32, 31), { from: 0, to: 7 }, tokenizer)).toBeUndefined();
    expect(partOf(block(30, 32, 31), { from: 0, to: 11 }, tokenizer)).toMatchObject({ tokens: [30, 32], text: 'the cat' });
  });
  test('of one token teaches nothing', () => {
    expect(partOf(block(32, 33, 30), { from: 0, to: 3 }, tokenizer)).toBeUndefined();
  });
});

describe('an answer', () => {
  const prompt = { tokens: 2, text: 'ab' };
  const answer = (...tokens: number[]): DataRecord => ({ ...block(), tokens: [0, 1, ...tokens], text: tokenizer.decode(tokens.filter((id) => id !== 99)), prompt }); // prettier-ignore
  test('that is shortened ends with an end token, behind its prompt', () => {
    expect(partOf(answer(30, 32, 33, 2), { from: 0, to: 7 }, tokenizer)).toEqual({ ...answer(30, 32, 99), text: 'the cat' });
    expect(partOf(answer(30, 32, 99), { from: 4, to: 7 }, tokenizer)).toEqual({ ...answer(32, 99), text: 'cat' });
    expect(partOf(answer(30, 32, 99, 99), { from: 4, to: 7 }, tokenizer)).toEqual({ ...answer(32, 99, 99), text: 'cat' });
  });
  test('without end tokens in the model just ends', () => {
    expect(partOf(answer(32, 33), { from: 0, to: 3 }, { ...tokenizer, endTokens: [] })).toEqual(answer(32));
  });
});

describe('byte-level BPE', () => {
  let folder: string;
  let real: PartTokenizer;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'habsburg-part-'));
    const lines = ['the river saw a lantern. naïve café 👍👍 \n', 'what the old king saw: 雨だ。 it rained… \n'];
    await saveTokenizer(folder, trainBpe(countWords(lines), 330, ['<s>', '<pad>', '</s>']), { bos: '<s>', eos: '</s>', pad: '<pad>', maxLength: 9 }); // prettier-ignore
    const loaded = await loadTokenizer(folder);
    real = { encode: (t) => loaded.encode(t), decode: (ids) => loaded.decode(ids), specials: loaded.specials, endTokens: [2] };
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('any part of anything written: the text is what its ids say, inside the part, with no more tokens', () => {
    const ids = fc.array(fc.integer({ min: 3, max: 329 }), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(ids, fc.nat(), fc.nat(), (tokens, a, b) => {
        const record = { ...block(), tokens, text: real.decode(tokens) };
        const [from, to] = [a % (record.text.length + 1), b % (record.text.length + 1)].sort((x, y) => x - y);
        const part = partOf(record, { from, to }, real);
        if (part === undefined) return;
        expect(part.text).toBe(real.decode(part.tokens));
        expect(record.text.slice(from, to)).toContain(part.text);
        expect(part.tokens.length).toBeLessThanOrEqual(tokens.length);
      }),
      { numRuns: 2000 },
    );
  });

  test('where the edges lie between tokens, nothing is encoded anew', () => {
    const words = real.encode('the river saw a lantern. it rained');
    fc.assert(
      fc.property(fc.nat(words.length - 2), fc.nat(), (first, more) => {
        const last = first + 2 + (more % (words.length - first - 1));
        const [from, to] = [real.decode(words.slice(0, first)).length, real.decode(words.slice(0, last)).length];
        const part = partOf({ ...block(), tokens: words, text: real.decode(words) }, { from, to }, real);
        expect(part?.tokens).toEqual(words.slice(first, last));
      }),
    );
  });
});
