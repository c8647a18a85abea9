/** Each operator on texts and verdicts made by hand. */
import { describe, expect, test } from '@jest/globals';
import { operators, operatorNamed } from '../../operators/index.js';
import { noDraw } from '../support/draws.js';
import type { Tables, Text, Verdict } from '../../operators/types.js';
import { OBSERVATIONS } from '../../observations/index.js';

const text = (text: string, more: Partial<Text> = {}): Text => ({ text, tokens: [], ...more });

/** What is left of each text; undefined where it was removed. */
function left(name: string, settings: object, texts: readonly Text[], tables: Tables = {}): (string | undefined)[] {
  const operator = operatorNamed(name);
  const verdicts = operator.apply(texts, operator.settings.parse(settings), tables, noDraw);
  expect(verdicts).toHaveLength(texts.length);
  const what = (verdict: Verdict, whole: string) =>
    typeof verdict === 'object' && 'from' in verdict
      ? whole.slice(verdict.from, verdict.to)
      : verdict === 'keep'
        ? whole
        : undefined;
  return verdicts.map((verdict, i) => what(verdict, texts[i].text));
}

test('edit says what it needs, with its own settings; texts that came out as they were are kept', () => {
  const { needs, settings, apply } = operatorNamed('edit');
  const given = settings.parse({ above: 0.5, under: 'writer' });
  expect(needs!(given)).toEqual([{ observation: 'edits', under: 'writer', settings: { above: 0.5 }, draws: true }]);
  const tables = { 'edits/writer': { columns: {}, texts: { edited: ['[1,2]', '[1,3]'] } } };
  const texts = [text('', { tokens: [1, 2] }), text('', { tokens: [1, 2] })];
  expect(apply(texts, given, tables, noDraw)).toEqual(['keep', { tokens: [1, 3] }]);
});

test('names are unique, and every one says what it does', () => {
  expect(new Set(operators.map(({ name }) => name)).size).toBe(operators.length);
  for (const { summary } of operators) expect(summary).toMatch(/\.$/);
  expect(() => operatorNamed('ct')).toThrow('this version has no operator ct; it has cut, drop-incomplete,');
});

describe('cut', () => {
  const cut = (settings: object, ...texts: string[]) => left('cut', settings, texts.map((one) => text(one))); // prettier-ignore
  test('before the first line break', () => {
    expect(cut({}, 'one\ntwo\nthree', 'one', '\none', '')).toEqual(['one', 'one', undefined, undefined]);
  });
  test('at a string, which stays or goes', () => {
    expect(cut({ at: '###' }, 'answer ### more', '## no')).toEqual(['answer ', '## no']);
    expect(cut({ at: '###', include: true }, 'answer ### more', '###')).toEqual(['answer ###', '###']);
  });
  test('at whichever comes first; of two that begin together the longer one stays', () => {
    expect(cut({ at: ['b', 'cd'] }, 'a cd b', 'a b cd')).toEqual(['a ', 'a ']);
    expect(cut({ at: ['c', 'cd', 'c'], include: true }, 'a cde')).toEqual(['a cd']);
  });
});

test('stop: at the first end token behind the least, and at the most tokens; a text that ends before is kept', () => {
  const { apply, settings } = operatorNamed('stop');
  const tokens = [2, 7, 2, 8, 9, 2];
  const length = (given: object, more: Partial<Text>): number => {
    const [verdict] = apply([text('', more)], settings.parse(given), {}, noDraw);
    return typeof verdict === 'object' && 'tokens' in verdict ? verdict.tokens.length : more.tokens!.length;
  };
  // of every least and most: what a loop over the tokens, as a writer goes, has when it may stop
  for (let minTokens = 0; minTokens <= 7; minTokens++)
    for (let maxTokens = 1; maxTokens <= 7; maxTokens++) {
      const written: number[] = [];
      for (const id of tokens) {
        written.push(id);
        if (written.length >= maxTokens || (id === 2 && written.length > minTokens)) break;
      }
      expect(length({ minTokens, maxTokens }, { tokens, ends: [0, 2, 5] })).toBe(written.length);
    }
  expect(length({}, { tokens: [7, 8], ends: [] })).toBe(2);
  expect(apply([text('', { tokens, ends: [5] })], settings.parse({}), {}, noDraw)).toEqual(['keep']);
  expect(apply([text('', { tokens, ends: [2, 5] })], settings.parse({}), {}, noDraw)).toEqual([{ tokens: [2, 7, 2] }]);
});

describe('drop-incomplete', () => {
  const whole = (settings: object, ...texts: string[]) => left('drop-incomplete', settings, texts.map((one) => text(one))); // prettier-ignore
  test('back to the last whole sentence', () => {
    expect(whole({}, 'It rained. Then it st', 'Why? Beca', 'It rained.', 'It rained. \n', 'no end', '')).toEqual([
      'It rained.',
      'Why?',
      'It rained.',
      'It rained. \n',
      undefined,
      undefined,
    ]);
  });
  test('quotes and brackets close it; a point inside a word or a number ends nothing', () => {
    expect(whole({}, '“Go!” he sai', '(It did.) An', 'pi is 3.14 or s', 'see a.b', 'Wait... wh')).toEqual([
      '“Go!”',
      '(It did.)',
      undefined,
      undefined,
      'Wait...',
    ]);
  });
  test('full-width marks need no space behind them; other ends can be named', () => {
    expect(whole({}, '雨だ。そし', 'これは')).toEqual(['雨だ。', undefined]);
    expect(whole({ ends: ';]' }, 'a; b. c', 'a] b')).toEqual(['a;', 'a]']);
  });
});

describe('drop-copied', () => {
  const prompt = 'Say what the river saw at night.';
  const copied = (settings: object, ...texts: string[]) => left('drop-copied', settings, texts.map((one) => text(one, { prompt }))); // prettier-ignore
  test('an opening that is the whole prompt goes, as often as it comes', () => {
    expect(copied({}, `${prompt} A lantern.`, `\n${prompt}\n${prompt}\nA lantern.`, `A lantern. ${prompt}`)).toEqual([
      'A lantern.',
      'A lantern.',
      `A lantern. ${prompt}`,
    ]);
  });
  test('what only repeats it is removed: all of it, again and again, or a piece', () => {
    expect(copied({}, prompt, `${prompt} ${prompt}\n`, ' what the river saw at night', 'what the river saw at dawn')).toEqual([
      undefined,
      undefined,
      undefined,
      'what the river saw at dawn',
    ]);
  });
  test('a short answer may stand in its question', () => {
    expect(copied({}, 'the river')).toEqual(['the river']);
    expect(copied({ minCharacters: 9 }, 'the river')).toEqual([undefined]);
    expect(copied({ minCharacters: 40 }, `${prompt} A lantern.`)).toEqual([`${prompt} A lantern.`]);
    expect(left('drop-copied', {}, [text('what a text without a prompt says')])).toEqual(['what a text without a prompt says']);
  });
});

test('dedupe: the first of equal texts stays, in the set or under one prompt', () => {
  const texts = [text('a', { continues: '1' }), text('b', { continues: '1' }), text('a', { continues: '2' }), text('a', { continues: '2' }), text('a ')]; // prettier-ignore
  expect(left('dedupe', {}, texts)).toEqual(['a', 'b', undefined, undefined, 'a ']);
  expect(left('dedupe', { within: 'prompt' }, texts)).toEqual(['a', 'b', 'a', undefined, 'a ']);
});

test('length: tokens, and characters as people count them', () => {
  const texts = [text('a', { tokens: [1] }), text('👍👍', { tokens: [1, 2, 3] }), text('abcd', { tokens: [1, 2] })];
  expect(left('length', { minTokens: 2 }, texts)).toEqual([undefined, '👍👍', 'abcd']);
  expect(left('length', { maxTokens: 2 }, texts)).toEqual(['a', undefined, 'abcd']);
  expect(left('length', { minCharacters: 2, maxCharacters: 2 }, texts)).toEqual([undefined, '👍👍', undefined]);
});

describe('threshold', () => {
  const texts = [text('a'), text('b'), text('c'), text('d')];
  const tables: Tables = {
    'likelihood/first': { columns: { nll_sum: [2, 9, 6, 0], token_count: [2, 3, 3, 0] } },
    'likelihood/writer': { columns: { nll_sum: [8, 0, 0, 0], token_count: [2, 3, 3, 1] } },
  };
  const mean = { column: 'nll_sum', per: 'token_count' };
  test('of a column or a quotient, bounds included; what is no number goes', () => {
    expect(left('threshold', { column: 'nll_sum', max: 6 }, texts, tables)).toEqual(['a', undefined, 'c', 'd']);
    expect(left('threshold', { ...mean, max: 2 }, texts, tables)).toEqual(['a', undefined, 'c', undefined]);
    expect(left('threshold', { ...mean, min: 2, max: 3 }, texts, tables)).toEqual([undefined, 'b', 'c', undefined]);
    expect(left('threshold', { ...mean, under: 'writer', min: 1 }, texts, tables)).toEqual([
      'a',
      undefined,
      undefined,
      undefined,
    ]);
  });
  test('says which table it needs', () => {
    const { needs, settings } = operatorNamed('threshold');
    expect(needs!(settings.parse({ ...mean, max: 1, under: 'writer' }))).toEqual([
      { observation: 'likelihood', under: 'writer' },
    ]);
  });
  test('knows every observation of texts, each by its own columns', () => {
    const { settings } = operatorNamed('threshold');
    for (const [observation, row] of Object.entries(OBSERVATIONS)) {
      const columns = 'columns' in row ? Object.keys(row.columns) : ['nll_sum'];
      for (const column of columns)
        expect(settings.safeParse({ observation, column, max: 1 }).success).toBe(row.of === 'texts' && 'columns' in row);
    }
    const { error } = settings.safeParse({ column: 'reconstruction', max: 1 });
    expect(error!.issues[0].path).toEqual(['column']);
  });
});

test.each([
  ['length', {}],
  ['length', { minTokens: 3, maxTokens: 2 }],
  ['threshold', { column: 'nll_sum' }],
  ['threshold', { column: 'nll_sum', min: 3, max: 2 }],
])('%s %j has no limit that makes sense', (name, settings) => {
  expect(
    operatorNamed(name)
      .settings.safeParse(settings)
      .error!.issues.map(({ message }) => message),
  ).toEqual(['needs a lower or an upper limit, and the upper one not below the lower one']);
});
