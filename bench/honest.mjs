/**
 * How much the burstiness of text matters to the band of honest sampling: the same chain, where words are drawn one by one, or whole
 * paragraphs. Which words live and how far their tail wanders, under replace. node bench/honest.mjs FILE.txt [generations]; needs a build
 */
import { readFileSync } from 'node:fs';
import { CounterRng } from '../dist/common/philox.js';
import { tailTypes } from '../dist/evaluations/tails.js';
import { encode } from '../dist/evaluations/token-ids.js';
import { TOKENIZERS } from '../dist/evaluations/tokenizers.js';
import { honestChains } from '../dist/kinds/text/laws/honest-sampling.js';

const [file, last = '9'] = process.argv.slice(2);
const CHAINS = 200;
const GENERATIONS = Number(last);
const paragraphs = readFileSync(file, 'utf8')
  .split('\n')
  .filter((line) => line.trim() !== '' && !line.trim().startsWith('='));
const { texts, words } = encode(paragraphs, TOKENIZERS['lower-split']);
const counts = new Float64Array(words.length);
for (const text of texts) for (const id of text) counts[id]++;
const tokens = counts.reduce((sum, f) => sum + f, 0);
const order = [...counts.keys()].sort((a, b) => counts[a] - counts[b] || a - b);
const frequencies = Float64Array.from(order, (id) => counts[id]);
const inTail = new Uint8Array(words.length);
for (const id of order.slice(0, tailTypes(frequencies, 0.05))) inTail[id] = 1;

const written = new Array(GENERATIONS + 1).fill(tokens);
const measures = [
  { kind: 'alive', first: 0 },
  { kind: 'tail', mass: 0.05 },
];
const byWord = honestChains([{ frequencies, written }], { kind: 'replace' }, measures, CHAINS);
const byParagraph = measures.map(() => written.map(() => new Float64Array(CHAINS)));
for (let chain = 0; chain < CHAINS; chain++) {
  const rng = new CounterRng({ seed: chain, generation: 0, member: '', step: 'paragraphs' });
  let at = 0;
  let train = texts;
  for (let t = 0; t <= GENERATIONS; t++) {
    const wrote = [];
    const alive = new Uint8Array(words.length);
    let [n, rare] = [0, 0];
    while (n < tokens) {
      const text = train[rng.integer(train.length, at++)];
      wrote.push(text);
      n += text.length;
      for (const id of text) {
        alive[id] = 1;
        rare += inTail[id];
      }
    }
    byParagraph[0][t][chain] = alive.reduce((sum, x) => sum + x, 0) / words.length;
    byParagraph[1][t][chain] = rare / n;
    train = wrote;
  }
}

const told = (values) => {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const sd = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1));
  return `${mean.toFixed(4)} (sd ${sd.toFixed(4)})`;
};
console.log(`${paragraphs.length} paragraphs, ${tokens} words, ${words.length} different; ${CHAINS} chains`);
for (const [m, name] of ['alive', 'tail'].entries())
  for (let t = 0; t <= GENERATIONS; t++)
    console.log(`${name} ${t}: words ${told(byWord[m][t])}, paragraphs ${told(byParagraph[m][t])}`);
