// Pairs to summarise out of running text: of each paragraph its first sentence is the answer, what follows it the text, as the
// summary of an XL-Sum article is the sentence that it begins with. A line is a paragraph; headings begin with "=".
//   node experiments/stein-cross-small/pairs.mjs TEXT OUT.jsonl
import { readFileSync, writeFileSync } from 'node:fs';

const WORDS = { summary: [6, 30], text: [12, 40] }; // at least, at most; longer texts are cut, as the thesis cuts articles

const [from, to] = process.argv.slice(2);
if (to === undefined) {
  process.stderr.write('give a text and where to write: node experiments/stein-cross-small/pairs.mjs TEXT OUT.jsonl\n');
  process.exit(2);
}
const pairs = readFileSync(from, 'utf8')
  .split('\n')
  .map((line) => line.trim())
  .filter((line) => line !== '' && !line.startsWith('='))
  .flatMap((line) => {
    const words = line.split(/\s+/);
    const end = 1 + words.findIndex((word) => /[.?!]$/.test(word));
    const text = words.slice(end, end + WORDS.text[1]);
    const fits = end >= WORDS.summary[0] && end <= WORDS.summary[1] && text.length >= WORDS.text[0];
    return fits ? [{ input: text.join(' '), output: words.slice(0, end).join(' ') }] : [];
  });
writeFileSync(to, pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(''));
process.stderr.write(`${pairs.length} pairs\n`);
