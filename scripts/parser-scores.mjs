// `node scripts/parser-scores.mjs --treebank FOLDER`: scores of the parser of syntax/ on a treebank's development and test sentences, and
// what D_syn makes of its parses and of the treebank's own. After `npm run build`.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { dissimilarity, rowSpread } from '../dist/evaluations/syntactic-diversity.js';
import { parseConllu } from '../dist/syntax/conllu.js';
import { englishParser } from '../dist/syntax/english.js';
import { parseScores } from '../dist/syntax/scores.js';
import { cutScores } from '../dist/syntax/segmenter-scores.js';

const { values } = parseArgs({ options: { treebank: { type: 'string' } } });
if (!values.treebank) throw new Error('--treebank FOLDER: where *-dev.conllu and *-test.conllu lie');
const parser = englishParser();
const percent = (share) => `${(100 * share).toFixed(2)} %`;

for (const part of ['dev', 'test']) {
  const file = readdirSync(values.treebank).find((name) => name.endsWith(`-${part}.conllu`));
  if (!file) throw new Error(`${values.treebank} has no *-${part}.conllu`);
  const gold = [...parseConllu(readFileSync(join(values.treebank, file), 'utf8'), file)];
  parser.parseWords(gold[0].forms);
  // of the processor's time: others may be at work on the same machine
  const before = process.cpuUsage();
  const predicted = gold.map(({ forms }) => parser.parseWords(forms));
  const { user, system } = process.cpuUsage(before);
  const { words, upos, xpos, uas, las, lasWithoutSubtypes } = parseScores(predicted, gold);
  const cut = cutScores(paragraphs(gold).map(({ text, sentences }) => [parser.segment(text), sentences]));
  const lines = [
    `${file}: ${gold.length} sentences, ${words} words`,
    `  gold words, predicted tags: UPOS ${percent(upos)}, XPOS ${percent(xpos)}, UAS ${percent(uas)}, LAS ${percent(las)}, without subtypes ${percent(lasWithoutSubtypes)}`,
    `  ${Math.round((gold.length / (user + system)) * 1e6)} sentences a second of processor time, tags and parse`,
    `  raw text: F1 of words ${percent(cut.words)}, of sentences ${percent(cut.sentences)}`,
  ];
  const trees = (sentences, label) => sentences.map((one) => ({ labels: one[label], heads: one.heads }));
  const [ours, theirs] = [predicted, gold].map((sentences) => ({
    stein: rowSpread(trees(sentences, 'xpos'), 1).pairs,
    'stein/centroid': rowSpread(trees(sentences, 'xpos'), 1).centroid,
    guo: dissimilarity(trees(sentences, 'upos'), 2).mean,
  }));
  for (const [name, value] of Object.entries(ours))
    lines.push(
      `  D_syn ${name}: ${value.toFixed(4)} of predicted parses, ${theirs[name].toFixed(4)} of gold ones (${percent(value / theirs[name] - 1)})`,
    );
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Sentences put together as they stood in a paragraph. */
function paragraphs(sentences) {
  const found = [];
  for (const { text, opens, forms } of sentences) {
    if (found.length === 0 || opens) found.push({ text, sentences: [forms] });
    else {
      const last = found.at(-1);
      last.text += ` ${text}`;
      last.sentences.push(forms);
    }
  }
  return found;
}
