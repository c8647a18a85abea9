// `node scripts/parser-scores.mjs --treebank FOLDER [--encoder FOLDER [--network FILE]]`: scores of the parser of syntax/ on a treebank's
// development and test sentences, and what D_syn makes of its parses and of the treebank's own. With --encoder those of the parser over its
// states, too. After `npm run build`.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { dissimilarity, rowSpread } from '../dist/evaluations/syntactic-diversity.js';
import { parseConllu } from '../dist/syntax/conllu.js';
import { loadEncodedParser } from '../dist/syntax/encoded/parser.js';
import { englishParser } from '../dist/syntax/english.js';
import { parseScores } from '../dist/syntax/scores.js';
import { cutScores } from '../dist/syntax/segmenter-scores.js';

const { values } = parseArgs({
  options: { treebank: { type: 'string' }, encoder: { type: 'string' }, network: { type: 'string' } },
});
if (!values.treebank) throw new Error('--treebank FOLDER: where *-dev.conllu and *-test.conllu lie');
const parser = englishParser();
const parsers = { 'without an encoder': (gold) => gold.map(({ forms }) => parser.parseWords(forms)) };
if (values.encoder) {
  const encoded = await loadEncodedParser(values.encoder, values.network);
  const { name } = encoded.model.head.encoder;
  parsers[`over ${name}`] = (gold) => encoded.parseWords(gold.map(({ forms }) => forms), { threads: 1 }); // prettier-ignore
}
const percent = (share) => `${(100 * share).toFixed(2)} %`;
const say = (line) => process.stdout.write(`${line}\n`);

for (const part of ['dev', 'test']) {
  const file = readdirSync(values.treebank).find((name) => name.endsWith(`-${part}.conllu`));
  if (!file) throw new Error(`${values.treebank} has no *-${part}.conllu`);
  const gold = [...parseConllu(readFileSync(join(values.treebank, file), 'utf8'), file)];
  const theirs = diversity(gold);
  say(`${file}: ${gold.length} sentences`);
  for (const [name, parse] of Object.entries(parsers)) {
    await parse(gold.slice(0, 1));
    // of the processor's time: others may be at work on the same machine
    const before = process.cpuUsage();
    const predicted = await parse(gold);
    const { user, system } = process.cpuUsage(before);
    const { words, upos, xpos, uas, las, lasWithoutSubtypes } = parseScores(predicted, gold);
    say(`  ${name}, gold words (${words}), predicted tags: UPOS ${percent(upos)}, XPOS ${percent(xpos)}, UAS ${percent(uas)}, LAS ${percent(las)}, without subtypes ${percent(lasWithoutSubtypes)}`); // prettier-ignore
    say(`    ${Math.round((gold.length / (user + system)) * 1e6)} sentences a second of processor time, tags and parse`);
    for (const [variant, value] of Object.entries(diversity(predicted)))
      say(
        `    D_syn ${variant}: ${value.toFixed(4)} of predicted parses, ${theirs[variant].toFixed(4)} of gold ones (${percent(value / theirs[variant] - 1)})`,
      );
  }
  const cut = cutScores(paragraphs(gold).map(({ text, sentences }) => [parser.segment(text), sentences]));
  say(`  raw text: F1 of words ${percent(cut.words)}, of sentences ${percent(cut.sentences)}`);
}

/** D_syn of parses, by variant. */
function diversity(sentences) {
  const trees = (label) => sentences.map((one) => ({ labels: one[label], heads: one.heads }));
  const { pairs, centroid } = rowSpread(trees('xpos'), 1);
  return { stein: pairs, 'stein/centroid': centroid, guo: dissimilarity(trees('upos'), 2).mean };
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
