/** Every metric of texts on texts that nobody should write: a value or none, in linear time, never an error. */
import { expect, test } from '@jest/globals';
import { evaluations } from '../../evaluations/index.js';
import { encode } from '../../evaluations/token-ids.js';
import { split } from '../../evaluations/tokenizers.js';
import { defaultsOf } from '../../evaluations/types.js';

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

const metrics = evaluations.filter(({ of, needs }) => of === 'texts' && !needs.observations && !needs.truth);

/** of this process's own work: a busy machine takes none of it */
const secondsSince = (began: NodeJS.CpuUsage): number => process.cpuUsage(began).user / 1e6;

test.each(Object.keys(HOSTILE))('%s', (name) => {
  const texts = HOSTILE[name];
  const tokens = encode(texts, split).texts.map((row) => Array.from(row));
  const set = { texts, tokens, ids: texts.map(String) };
  const input = {
    records: { generated: set, real: set, test: set },
    tokenTypes: { real: new Set(tokens.flat()) },
    tables: {},
    references: texts.map((text, i) => [texts[i - 1] ?? text]),
  };
  for (const evaluation of metrics)
    for (const everything of [false, true]) {
      const settings = { ...defaultsOf(evaluation) };
      if (everything)
        for (const key of ['texts', 'words', 'tokens', 'bytes']) if (key in settings) settings[key as never] = 0 as never;
      const began = process.cpuUsage();
      for (const row of evaluation.compute(input, settings))
        expect([evaluation.name, evaluation.variant, row.variant, Number.isFinite(row.value) && row.n > 0]).toEqual([evaluation.name, evaluation.variant, row.variant, true]); // prettier-ignore
      expect([evaluation.name, evaluation.variant, secondsSince(began) < 20]).toEqual([evaluation.name, evaluation.variant, true]); // prettier-ignore
    }
});
