/** The model that is shipped, on sentences of the treebank's test set that it has not seen, and on texts that nobody should write. */
import { describe, expect, test } from '@jest/globals';
import { englishParser } from '../../syntax/english.js';
import { LONGEST_SENTENCE, LONGEST_WORD } from '../../syntax/segmenter.js';
import { cutScores } from '../../syntax/segmenter-scores.js';
import { parseScores } from '../../syntax/scores.js';
import { sample } from './support.js';

const parser = englishParser();

test('scores on gold words what syntax/model/README.md says, within what an eighth of the test set can differ', () => {
  const gold = sample();
  const scores = parseScores(
    gold.map(({ forms }) => parser.parseWords(forms)),
    gold,
  );
  expect(scores.words).toBe(3633);
  expect(scores.upos).toBeGreaterThan(0.93);
  expect(scores.xpos).toBeGreaterThan(0.925);
  expect(scores.uas).toBeGreaterThan(0.825);
  expect(scores.las).toBeGreaterThan(0.79);
  expect(scores.lasWithoutSubtypes).toBeGreaterThan(scores.las);
});

test('cuts raw text', () => {
  const paragraphs: { text: string; gold: (readonly string[])[] }[] = [];
  for (const { text, opens, forms } of sample()) {
    if (opens || paragraphs.length === 0) paragraphs.push({ text: text!, gold: [forms] });
    else {
      const last = paragraphs.at(-1)!;
      last.text += ` ${text}`;
      last.gold.push(forms);
    }
  }
  const scores = cutScores(paragraphs.map(({ text, gold }) => [parser.segment(text), gold]));
  expect(scores.words).toBeGreaterThan(0.975);
  expect(scores.sentences).toBeGreaterThan(0.8);
});

test('a sentence as anybody would parse it', () => {
  const [one, two, ...more] = parser.parse("I can't see Dr. Smith's dog. It ran away!");
  expect(more).toEqual([]);
  expect(one.forms).toEqual(['I', 'ca', "n't", 'see', 'Dr.', 'Smith', "'s", 'dog', '.']);
  expect(one.upos).toEqual(['PRON', 'AUX', 'PART', 'VERB', 'PROPN', 'PROPN', 'PART', 'NOUN', 'PUNCT']);
  expect(one.xpos).toEqual(['PRP', 'MD', 'RB', 'VB', 'NNP', 'NNP', 'POS', 'NN', '.']);
  expect([...(one.heads as Int32Array)].slice(0, 4)).toEqual([4, 4, 4, 0]);
  expect(one.deprels.slice(0, 4)).toEqual(['nsubj', 'aux', 'advmod', 'root']);
  expect([two.forms, [...(two.heads as Int32Array)], two.deprels]).toEqual([
    ['It', 'ran', 'away', '!'],
    [2, 0, 2, 2],
    ['nsubj', 'root', 'advmod', 'punct'],
  ]);
});

const HOSTILE: Record<string, string> = {
  empty: '',
  'white space': ' \n\t\u00a0\u2028 '.repeat(1000),
  'one word': 'word',
  'a letter': 'a',
  'much without a space': 'x'.repeat(2 ** 16),
  'much of other letters': Array.from({ length: 2 ** 14 }, (_, i) => String.fromCodePoint(0x4e00 + (i % 20_000))).join(''),
  'one word again and again': 'word '.repeat(3_000),
  'full stops': '. '.repeat(2_000),
  'brackets that never close': '('.repeat(2_000),
  'half a code point': '\ud83d \udc00\ud83d a \ud800',
  emoji: '👨‍👩‍👧‍👦 👍🏽 🇩🇪 ❤️ '.repeat(20),
  'combining marks': 'e\u0301'.repeat(2_000),
  'right to left': '\u202eשלום עולם. مرحبا بالعالم! '.repeat(10),
  controls: '\u0000\u0001\u001c\u0085\ufeff\t#\t1\t_\r\n\r\n# text = x',
};

describe('hostile text', () => {
  test.each(Object.keys(HOSTILE))('%s', (name) => {
    const text = HOSTILE[name];
    const sentences = parser.parse(text);
    // nothing is lost, and everything has its bound
    expect(sentences.map(({ forms }) => forms.join('')).join('')).toBe(text.replace(/\s/gu, ''));
    for (const { forms, heads } of sentences) {
      expect(forms.length).toBeLessThanOrEqual(LONGEST_SENTENCE);
      expect(Math.max(...forms.map((form) => Array.from(form).length))).toBeLessThanOrEqual(LONGEST_WORD);
      expect(Array.from(heads).filter((head) => head === 0)).toHaveLength(1);
    }
  });

  test('clusters of code points stay together', () => {
    const words = parser.segment('Look 👨‍👩‍👧‍👦 👍🏽 ❤️ Ame\u0301lie').flat();
    for (const whole of ['👨‍👩‍👧‍👦', '👍🏽', '❤️']) expect(words).toContain(whole);
    expect(words.at(-1)).toBe('Ame\u0301lie');
  });
});

test('the same text, the same parse', () => {
  const text = sample()
    .slice(0, 40)
    .map((sentence) => sentence.text)
    .join(' ');
  expect(parser.parse(text)).toEqual(parser.parse(text));
});
