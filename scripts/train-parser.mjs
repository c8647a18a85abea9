// `node scripts/train-parser.mjs --treebank FOLDER [--encoder FOLDER] [--seed N] [--out FILE]`: trains the parser of syntax/ on a folder of
// CoNLL-U, such as UD_English-EWT, and writes its model. About a quarter of an hour on one core, 1 GB. With --encoder and --out the network over the
// states of that encoder, such as all-MiniLM-L6-v2: [--name NAME], what to call it, [--epochs N], [--threads N]; 2 GB, and on one core a minute and
// then two or three an epoch. After `npm run build`.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CounterRng } from '../dist/common/philox.js';
import { Encoder } from '../dist/engine/encoders/encoder.js';
import { parseConllu } from '../dist/syntax/conllu.js';
import { writeEncodedModel } from '../dist/syntax/encoded/model.js';
import { modelFile } from '../dist/syntax/english.js';
import { writeModel } from '../dist/syntax/model.js';
import { ENCODED_SETTINGS, trainEncoded } from '../dist/syntax/training/train-encoded.js';
import { train } from '../dist/syntax/training/train.js';

const { values } = parseArgs({
  options: {
    treebank: { type: 'string' },
    encoder: { type: 'string' },
    name: { type: 'string' },
    epochs: { type: 'string' },
    threads: { type: 'string' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string' },
  },
});
if (!values.treebank) throw new Error('--treebank FOLDER: where *-train.conllu lies');
const file = readdirSync(values.treebank).find((name) => name.endsWith('-train.conllu'));
if (!file) throw new Error(`${values.treebank} has no *-train.conllu`);
const sentences = [...parseConllu(readFileSync(join(values.treebank, file), 'utf8'), file)];
const seed = Number(values.seed);
const about = {
  treebank: 'UD English-EWT, https://github.com/UniversalDependencies/UD_English-EWT',
  licence: 'CC BY-SA 4.0',
  say: (line) => process.stdout.write(`${line}\n`),
};
const idle = ['name', 'epochs', 'threads'].find((key) => values[key] && !values.encoder);
if (idle) throw new Error(`--${idle} goes with --encoder FOLDER`);
if (values.encoder && !values.out) throw new Error('--out FILE: where the network over the encoder goes');
const out = values.out ?? modelFile();
const bytes = values.encoder
  ? writeEncodedModel(
      await trainEncoded(sentences, await Encoder.load(values.encoder), {
        ...about,
        name: values.name ?? basename(resolve(values.encoder)),
        rng: new CounterRng({ seed, generation: 0, member: '', step: 'train-parser', purpose: 'encoded' }),
        threads: Number(values.threads ?? 1),
        ...(values.epochs && { settings: { ...ENCODED_SETTINGS, epochs: Number(values.epochs) } }),
        onEpoch: (model) => writeFileSync(out, writeEncodedModel(model)),
      }),
    )
  : writeModel(train(sentences, { ...about, seed }));
writeFileSync(out, bytes);
process.stdout.write(`${out}: ${(bytes.length / 1e6).toFixed(2)} MB\n`);
