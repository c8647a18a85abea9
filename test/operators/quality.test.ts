/** Against datatrove's GopherQualityFilter (golden/make_quality.py), and by hand on either side of each line. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { quality } from '../../operators/quality.js';
import { noDraw } from '../support/draws.js';

const verdicts = (settings: object, ...texts: string[]) =>
  quality.apply(texts.map((text) => ({ text, tokens: [] })), quality.settings.parse(settings), {}, noDraw); // prettier-ignore
/** No rule but those that a test names. */
const OFF = { minWords: 0, minMeanLength: 0, maxMeanLength: 1e9, maxSymbols: 1e9, maxBullets: 1, maxEllipses: 1, minLetters: 0, minStopWords: 0 }; // prettier-ignore

test('the same texts stay as by datatrove, and go by the same rule', () => {
  const golden = JSON.parse(readFileSync(new URL('./golden/quality.json', import.meta.url), 'utf8')) as {
    settings: object;
    texts: Record<string, string[]>;
  };
  expect(Object.keys(golden.texts)).toHaveLength(10);
  for (const [rule, texts] of Object.entries(golden.texts))
    expect([rule, verdicts(golden.settings, ...texts)]).toEqual([rule, texts.map(() => (rule === 'keep' ? 'keep' : { remove: rule }))]); // prettier-ignore
});

test('its lines unless a file says otherwise are those of the paper', () => {
  const prose = (words: number) => Array.from({ length: words }, (_, i) => ['the', 'river', 'of', 'lanterns'][i % 4]).join(' ');
  expect(verdicts({}, prose(49), prose(50), prose(100_000), prose(100_001))).toEqual([
    { remove: 'minWords' },
    'keep',
    'keep',
    { remove: 'maxWords' },
  ]);
});

const repeat = (count: number, what: string, join = ' ') => new Array<string>(count).fill(what).join(join);
test.each<[rule: string, line: object, keeps: string, breaks: string]>([
  ['minWords', { minWords: 3 }, 'one "two", 3 -- !', 'one two -- !'],
  ['maxWords', { maxWords: 2 }, 'one -- two', 'one -- two three'],
  ['minMeanLength', { minMeanLength: 3 }, '(ab) cdef!', '(ab) cde!'],
  ['maxMeanLength', { maxMeanLength: 3 }, 'éé ’abcd’', 'éé ’abcde’'],
  ['maxSymbols', { maxSymbols: 0.1 }, `# ${repeat(9, 'word')}`, `## ${repeat(9, 'word')}`],
  ['maxSymbols', { maxSymbols: 0.1 }, `${repeat(10, 'word')}...`, `${repeat(9, 'word')}...`],
  ['maxSymbols', { maxSymbols: 0.1 }, `#… ${repeat(9, 'word')}`, `#… ${repeat(8, 'word')}`],
  ['maxBullets', { maxBullets: 0.75 }, '- a\n * b\n• c\nd', '- a\n- b\n- c\n\n- d\n- e\nf'],
  ['maxEllipses', { maxEllipses: 0.5 }, 'a...\nb … \nc\nd', 'a...\nb…\nc'],
  ['minLetters', { minLetters: 0.8 }, 'a b c d 5', 'a b c 4 5 f --'],
  ['minStopWords', { minStopWords: 2 }, 'The end of', 'the the other'],
  ['minStopWords', { minStopWords: 1, stopWords: ['und'] }, 'Katz Und Maus', 'the cat and of'],
  ['minSentences', { minSentences: 2 }, 'It rained. “Why?”', 'It rained 3.5 mm. no end'],
  ['without', { without: ['Lorem ipsum', '{'] }, 'lorem', 'a LOREM IPSUM'],
])('%s: on its line a text stays, beyond it it goes', (rule, line, keeps, breaks) => {
  expect(verdicts({ ...OFF, ...line }, keeps, breaks)).toEqual(['keep', { remove: rule }]);
});

test('special tokens are no words, and a text without any has none of their properties', () => {
  expect(verdicts({ ...OFF, minWords: 2 }, '</s>one two<pad>', '</s> one <|endoftext|>')).toEqual([
    'keep',
    { remove: 'minWords' },
  ]);
  expect(verdicts({ ...OFF, minLetters: 1 }, '')).toEqual(['keep']);
});

test.each([
  [{ minWords: 5, maxWords: 4 }, 'needs a lower or an upper limit, and the upper one not below the lower one'],
  [{ minStopWords: 3, stopWords: ['a', 'A', 'b'] }, 'asks for more words than stopWords has'],
])('%j is refused', (settings, message) => {
  expect(quality.settings.safeParse(settings).error!.issues.map((issue) => issue.message)).toEqual([message]);
});
