/**
 * Makes evaluations/lexicon/english-stress.br from a copy of CMUdict: node scripts/stress-lexicon.mjs cmudict.dict
 * Of each word its first pronunciation, and of that the stresses of its vowels alone. The same file gives the same bytes.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, constants } from 'node:zlib';

const [file] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write('usage: node scripts/stress-lexicon.mjs cmudict.dict\n');
  process.exit(2);
}
/** words by their stresses */
const words = new Map();
for (const line of readFileSync(file, 'utf8').split('\n')) {
  const [word, ...sounds] = line.replace(/#.*/, '').trim().split(/\s+/);
  // a(2) is another pronunciation of a
  if (word === '' || word.endsWith(')')) continue;
  const stress = sounds.join('').replace(/\D/g, '');
  words.set(stress, [...(words.get(stress) ?? []), word]);
}
/** Each word as how many letters (A: 0, at most 15) it has of the one before, and the rest. */
function shortened(list) {
  let before = '';
  return list.sort().map((word) => {
    let same = 0;
    while (same < 15 && same < before.length && before[same] === word[same]) same++;
    before = word;
    return String.fromCharCode(65 + same) + word.slice(same);
  });
}
const text = [...words]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([stress, list]) => [stress, ...shortened(list)].join(' '))
  .join('\n');
const bytes = brotliCompressSync(text, {
  params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 },
});
writeFileSync(new URL('../evaluations/lexicon/english-stress.br', import.meta.url), bytes);
process.stdout.write(`${[...words.values()].flat().length} words, ${words.size} patterns, ${bytes.length} bytes\n`);
