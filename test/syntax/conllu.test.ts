import { expect, test } from '@jest/globals';
import { parseConllu, writeConllu } from '../../syntax/conllu.js';
import { goldenFile } from '../evaluations/reference.js';
import { sample } from './support.js';

const read = (text: string) => [...parseConllu(text, 'some.conllu')];
const word = (id: string, head: string): string => `${id}\ta\t_\tNOUN\tNN\t_\t${head}\tdep\t_\t_\n`;

test('ranges of words and empty nodes are no words', () => {
  const text = goldenFile('wl.conllu');
  const found = read(text);
  expect(found).toHaveLength(60);
  const lines = text.split('\n').filter((line) => /^\d+\t/.test(line));
  expect(found.reduce((sum, { forms }) => sum + forms.length, 0)).toBe(lines.length);
  expect(text.split('\n').filter((line) => /^\d+[-.]\d+\t/.test(line)).length).toBeGreaterThan(5);
  expect(found[0].forms.slice(-3)).toEqual(['did', "n't", '.']);
  expect([found[0].text!.slice(0, 6), found[0].heads[0], found[0].xpos[1], found[0].deprels[2]]).toEqual(['He cou', 4, 'MD', 'aux:pass']); // prettier-ignore
});

test('what is written is read again', () => {
  const found = sample();
  const again = read(found.map(writeConllu).join(''));
  expect(again).toEqual(found.map(({ forms, upos, xpos, heads, deprels }) => ({ forms, upos, xpos, heads, deprels })));
});

test('a byte order mark, CRLF, no line at the end, more empty lines than one', () => {
  expect(read(`\ufeff${word('1', '0')}\n\n\n${word('1', '2')}${word('2', '0').trimEnd()}`.replace(/\n/g, '\r\n'))).toMatchObject([
    { forms: ['a'], deprels: ['dep'] },
    { heads: [2, 0] },
  ]);
  expect(read('')).toEqual([]);
  expect(read('\n\n# text = nothing\n\n')).toEqual([]);
});

test.each([
  ['1\ta\tb\n', 'some.conllu, line 1: CoNLL-U has 10 columns between tabs, this line 3'],
  [word('1', '0') + word('3', '1'), 'line 2: word 2 of a sentence has the id "3"; it should be 2'],
  [word('1', '_'), 'line 1: the head "_" is no word\'s number'],
  [`# x\n${word('1', '2')}`, 'line 2: the head is 2, but the sentence has 1 words'],
  [word('1', '2') + word('2', '1'), 'line 1: word 1 does not hang below the root'],
])('%j', (text, message) => expect(() => read(text)).toThrow(message));
