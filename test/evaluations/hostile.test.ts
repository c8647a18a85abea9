/** Every metric of texts on texts that nobody should write: a value or none, in linear time, never an error. */
import { expect, test } from '@jest/globals';
import { evaluations } from '../../evaluations/index.js';
import { encode } from '../../evaluations/token-ids.js';
import { split } from '../../evaluations/tokenizers.js';
import { defaultsOf, type Evaluation, type Settings } from '../../evaluations/types.js';

const HOSTILE: Record<string, string[]> = {
  nothing: [],
  empty: ['', '', ''],
  'one word': ['word'],
  'one word each': ['a', 'a', 'b'],
  'no space': ['x'.repeat(10_000), 'y'.repeat(10_000)],
  'letters that differ': [Array.from({ length: 20_000 }, (_, i) => String.fromCodePoint(0x4e00 + (i % 20_000))).join('')],
  'one word again and again': ['word '.repeat(5_000), 'word word'],
  'sentences without words': ['. '.repeat(5_000), '?!'.repeat(10_000)],
  'words that never come again': [Array.from({ length: 5_000 }, (_, i) => `w${i}`).join(' ')],
  'half a code point': ['\ud83d', '\udc00 \ud83d a', '\ud800'.repeat(1000)],
  'marks, emoji, right to left': ['e\u0301'.repeat(1000), '👨‍👩‍👧‍👦 '.repeat(1000), '\u202eשלום مرحبا', '\u0000\u001c\u0085\ufeff'],
};

/** A fifth of a megabyte each, by the default settings: what goes by the square of its length would take minutes (bench/hostile.mjs takes ten megabytes). */
const LARGE: Record<string, () => string[]> = {
  'no space': () => ['x'.repeat(200_000)],
  'forty thousand repeats of one word': () => ['word '.repeat(40_000), 'word'],
  'sentences without words': () => ['. '.repeat(100_000)],
  'half a code point': () => ['\ud83d'.repeat(66_667)],
  'marks and emoji': () => ['e\u0301'.repeat(66_667), '👨‍👩‍👧 '.repeat(10_000)],
  'right to left': () => ['שלום مرحبا '.repeat(10_000)],
  'words that never come again': () => [Array.from({ length: 24_000 }, (_, i) => `w${i}`).join(' ')],
};

const metrics = evaluations.filter(({ of, needs }) => of === 'texts' && !needs.observations && !needs.truth);

/** of this process's own work: a busy machine takes none of it */
const secondsSince = (began: NodeJS.CpuUsage): number => process.cpuUsage(began).user / 1e6;

function inputOf(texts: readonly string[]) {
  const tokens = encode(texts, split).texts.map((row) => Array.from(row));
  const set = { texts, tokens, ids: texts.map(String) };
  const types = new Set<number>();
  for (const row of tokens) for (const token of row) types.add(token);
  return {
    records: { generated: set, real: set, test: set },
    tokenTypes: { real: types },
    tables: {},
    references: texts.map((text, i) => [texts[i - 1] ?? text]),
  };
}

test.each(Object.keys(HOSTILE))('%s', (name) => {
  const input = inputOf(HOSTILE[name]);
  for (const evaluation of metrics)
    for (const everything of [false, true]) {
      const settings = { ...defaultsOf(evaluation) };
      if (everything)
        for (const key of ['texts', 'words', 'tokens', 'bytes']) if (key in settings) settings[key as never] = 0 as never;
      measured(evaluation, input, settings, 20);
    }
});

test.each(Object.keys(LARGE))(
  'large: %s',
  (name) => {
    const input = inputOf(LARGE[name]());
    for (const evaluation of metrics) measured(evaluation, input, defaultsOf(evaluation), 10);
  },
  60_000,
);

/** Values that are numbers, or none, within so many seconds of this process's own work. */
function measured(evaluation: Evaluation, input: ReturnType<typeof inputOf>, settings: Settings, seconds: number): void {
  const { name, variant } = evaluation;
  const began = process.cpuUsage();
  for (const row of evaluation.compute(input, settings))
    expect([name, variant, row.variant, Number.isFinite(row.value) && row.n > 0]).toEqual([name, variant, row.variant, true]);
  expect([name, variant, secondsSince(began) < seconds]).toEqual([name, variant, true]);
}
