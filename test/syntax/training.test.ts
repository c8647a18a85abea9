/** Training on some sentences, twice, and the file that it leaves. */
import { expect, test } from '@jest/globals';
import { parserOf } from '../../syntax/english.js';
import { readModel, writeModel } from '../../syntax/model.js';
import { parseScores } from '../../syntax/scores.js';
import { train } from '../../syntax/training/train.js';
import { sample } from './support.js';

const sentences = sample().slice(0, 12);
const trained = () => train(sentences, { treebank: 't', licence: 'l', seed: 1, say: () => undefined });

test('the same sentences give the same bytes, which are read as they were written, and know what they have seen', () => {
  const bytes = writeModel(trained());
  expect(Buffer.from(writeModel(trained())).equals(Buffer.from(bytes))).toBe(true);
  const model = readModel(bytes, 'a file');
  expect(Buffer.from(writeModel(model)).equals(Buffer.from(bytes))).toBe(true);
  expect(model.head).toMatchObject({ treebank: 't', licence: 'l', parsers: [{ backward: false }, { backward: true }] });
  const parser = parserOf(model);
  const { upos, las } = parseScores(
    sentences.map(({ forms }) => parser.parseWords(forms)),
    sentences,
  );
  expect(upos).toBeGreaterThan(0.95);
  expect(las).toBeGreaterThan(0.75);
  expect(() => readModel(bytes.subarray(0, bytes.length / 2), 'half.bin')).toThrow('half.bin is no model of a parser');
  expect(() => readModel(Buffer.from('no model'), 'other.bin')).toThrow('other.bin is no model of a parser');
});
