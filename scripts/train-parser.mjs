// `node scripts/train-parser.mjs --treebank FOLDER [--seed N] [--out FILE]`: trains the parser of syntax/ on a folder of CoNLL-U, such as
// UD_English-EWT, and writes its model. About a quarter of an hour on one core, 1 GB. After `npm run build`.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseConllu } from '../dist/syntax/conllu.js';
import { modelFile } from '../dist/syntax/english.js';
import { writeModel } from '../dist/syntax/model.js';
import { train } from '../dist/syntax/training/train.js';

const { values } = parseArgs({
  options: { treebank: { type: 'string' }, seed: { type: 'string', default: '1' }, out: { type: 'string' } },
});
if (!values.treebank) throw new Error('--treebank FOLDER: where *-train.conllu lies');
const file = readdirSync(values.treebank).find((name) => name.endsWith('-train.conllu'));
if (!file) throw new Error(`${values.treebank} has no *-train.conllu`);
const sentences = [...parseConllu(readFileSync(join(values.treebank, file), 'utf8'), file)];
const model = train(sentences, {
  treebank: 'UD English-EWT, https://github.com/UniversalDependencies/UD_English-EWT',
  licence: 'CC BY-SA 4.0',
  seed: Number(values.seed),
  say: (line) => process.stdout.write(`${line}\n`),
});
const bytes = writeModel(model);
const out = values.out ?? modelFile();
writeFileSync(out, bytes);
process.stdout.write(`${out}: ${(bytes.length / 1e6).toFixed(2)} MB\n`);
