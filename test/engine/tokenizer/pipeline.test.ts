/** Every part that a tokenizer.json can have, against Hugging Face tokenizers (test/golden/tokenizers/pipeline.json); hostile and damaged files. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { openTokenizer } from '../../../engine/tokenizer/pipeline.js';

interface Case {
  readonly name: string;
  readonly json: Record<string, unknown>;
  readonly prefix: number[];
  readonly ids: number[][];
  readonly decoded: [number[], string][];
}
const { texts, cases } = JSON.parse(readFileSync('test/golden/tokenizers/pipeline.json', 'utf8')) as {
  texts: string[];
  cases: Case[];
};

describe.each(cases)('$name', ({ name, json, prefix, ids, decoded }) => {
  const tokenizer = openTokenizer(json, name);
  test('the same ids', () => {
    texts.forEach((text, i) => expect([text, tokenizer.encode(text)]).toEqual([text, ids[i]]));
    expect(tokenizer.prefix).toEqual(prefix);
  });
  test('the same texts', () => {
    for (const [of, text] of decoded) expect([of, tokenizer.decode(of)]).toEqual([of, text]);
  });
});

const PLAIN = {
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: 'WhitespaceSplit' },
  post_processor: null,
  decoder: null,
  model: { type: 'WordLevel', vocab: { a: 0, b: 1, '<unk>': 2 }, unk_token: '<unk>' },
};
const REGEX = { Regex: '^(a+)+$' };

describe('what cannot be done as there is refused by name', () => {
  test.each<[string, object, RegExp]>([
    [
      'normalizer',
      { type: 'Precompiled', precompiled_charsmap: '' },
      /t\.json: normalizer: a normalizer of type "Precompiled" is not supported/,
    ],
    ['pre_tokenizer', { type: 'UnicodeScripts' }, /a pre-tokenizer of type "UnicodeScripts" is not supported/],
    ['pre_tokenizer', { type: 'Digits', individual: true }, /pre_tokenizer: the setting "individual" is not supported/],
    [
      'pre_tokenizer',
      { type: 'Split', pattern: { Regex: '(?<a>x)(?(1)y|z)' }, behavior: 'Isolated', invert: false },
      /the regular expression .* is not supported/,
    ],
    ['decoder', { type: 'CTC' }, /a decoder of type "CTC" is not supported/],
    ['post_processor', { type: 'Odd' }, /a post-processor of type "Odd" is not supported/],
    ['model', { type: 'Odd', vocab: {} }, /a model of type "Odd" is not supported/],
    ['model', { type: 'BPE', vocab: { a: 0 }, merges: [], dropout: 0.1 }, /dropout 0\.1 would split every text at random/],
  ])('%s %j', (part, value, sentence) => {
    expect(() => openTokenizer({ ...PLAIN, [part]: value }, 't.json')).toThrow(
      expect.objectContaining({ kind: 'invalid', message: expect.stringMatching(sentence) }),
    );
  });

  test('a word that no id stands for', () => {
    const model = { type: 'WordLevel', vocab: { a: 0 }, unk_token: '<unk>' };
    const tokenizer = openTokenizer({ ...PLAIN, model }, 't.json');
    expect(tokenizer.encode('a a')).toEqual([0, 0]);
    expect(() => tokenizer.encode('a b')).toThrow(
      't.json: model: "b" is not in the vocabulary, and its unk_token "<unk>" is not in it either',
    );
  });
});

test.each<[string, unknown]>([
  ['a list', []],
  ['null', null],
  ['no vocabulary', { ...PLAIN, model: { type: 'WordLevel' } }],
  ['an id that is text', { ...PLAIN, model: { type: 'WordLevel', vocab: { a: '0' } } }],
  ['an id beyond reason', { ...PLAIN, model: { type: 'WordLevel', vocab: { a: 2 ** 31 - 1 } } }],
  ['a negative id', { ...PLAIN, added_tokens: [{ id: -1, content: 'x' }] }],
  ['an added token without content', { ...PLAIN, added_tokens: [{ id: 1 }] }],
  ['an empty added token', { ...PLAIN, added_tokens: [{ id: 1, content: '' }] }],
  ['merges of numbers', { ...PLAIN, model: { type: 'BPE', vocab: { a: 0 }, merges: [3] } }],
  ['a merge into nothing', { ...PLAIN, model: { type: 'BPE', vocab: { a: 0, b: 1 }, merges: ['a b'] } }],
  ['a template without its tokens', { ...PLAIN, post_processor: { type: 'TemplateProcessing', single: [{ SpecialToken: { id: 'x' } }], special_tokens: {} } }], // prettier-ignore
  ['a template of numbers', { ...PLAIN, post_processor: { type: 'TemplateProcessing', single: 3, special_tokens: {} } }],
  ['a pattern that is no pattern', { ...PLAIN, normalizer: { type: 'Replace', pattern: 'x', content: '' } }],
  ['steps nested without end', { ...PLAIN, pre_tokenizer: nested(20_000) }],
])('%s: damaged, by the name of the file', (_, json) => {
  expect(() => openTokenizer(json, 't.json')).toThrow(
    expect.objectContaining({ kind: 'verification', message: expect.stringMatching(/^t\.json/) }),
  );
});

function nested(depth: number): unknown {
  let step: unknown = { type: 'Digits', individual_digits: false };
  for (let i = 0; i < depth; i++) step = { type: 'Sequence', pretokenizers: [step] };
  return step;
}

test('a regular expression that tries all ways to match is given up, in texts and in ids', () => {
  const text = `${'a'.repeat(40)}!`;
  const split = openTokenizer({ ...PLAIN, pre_tokenizer: { type: 'Split', pattern: REGEX, behavior: 'Isolated', invert: false } }, 't.json'); // prettier-ignore
  expect(split.encode('a')).toEqual([0]);
  expect(() => split.encode(text)).toThrow(/^t\.json: its regular expressions need more than 2\.\d+ s for 41 characters/);
  const decoder = { type: 'Sequence', decoders: [{ type: 'Fuse' }, { type: 'Replace', pattern: REGEX, content: 'b' }] };
  const replacing = openTokenizer({ ...PLAIN, decoder }, 't.json');
  expect(() => replacing.decode([...Array<number>(40).fill(0), 1])).toThrow(/t\.json: its regular expressions/);
});
