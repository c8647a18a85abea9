// CPU seconds of every metric of texts on ten megabytes that nobody should write; those above one second by name. Needs `npm run build`.
//
//   node bench/hostile.mjs
import { evaluations } from '../dist/evaluations/index.js';
import { encode } from '../dist/evaluations/token-ids.js';
import { split } from '../dist/evaluations/tokenizers.js';
import { defaultsOf } from '../dist/evaluations/types.js';

const N = 10_000_000;
const HOSTILE = {
  'no space': () => ['x'.repeat(N)],
  'letters that differ': () => [Array.from({ length: N / 3 }, (_, i) => String.fromCodePoint(0x4e00 + (i % 20_000))).join('')],
  'a million repeats of one word': () => ['word '.repeat(1_000_000), 'word'],
  'sentences without words': () => ['. '.repeat(N / 2)],
  'half a code point': () => ['\ud83d'.repeat(N / 3)],
  'marks and emoji': () => ['e\u0301'.repeat(N / 3), '👨‍👩‍👧 '.repeat(N / 18)],
  'right to left': () => ['שלום مرحبا '.repeat(N / 20)],
  'words that never come again': () => [Array.from({ length: 1_200_000 }, (_, i) => `w${i}`).join(' ')],
};
const metrics = evaluations.filter(({ of, needs }) => of === 'texts' && !needs.observations && !needs.truth);
const seconds = (began) => process.cpuUsage(began).user / 1e6;

for (const [name, make] of Object.entries(HOSTILE)) {
  const texts = make();
  const tokens = encode(texts, split).texts.map((row) => Array.from(row));
  const set = { texts, tokens, ids: texts.map(String) };
  const types = new Set();
  for (const row of tokens) for (const token of row) types.add(token);
  const references = texts.map((text, i) => [texts[i - 1] ?? text]);
  const input = { records: { generated: set, real: set, test: set }, tokenTypes: { real: types }, tables: {}, references };
  const slow = [];
  const whole = process.cpuUsage();
  for (const evaluation of metrics) {
    const began = process.cpuUsage();
    evaluation.compute(input, defaultsOf(evaluation));
    if (seconds(began) > 1) slow.push(`${evaluation.name}.${evaluation.variant} ${seconds(began).toFixed(1)}`);
  }
  console.log(`${name.padEnd(32)} ${seconds(whole).toFixed(1).padStart(5)} s  ${slow.join(', ')}`);
}
