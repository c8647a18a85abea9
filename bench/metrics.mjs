/**
 * Self-BLEU and the lexical metrics on many texts: node bench/metrics.mjs [texts.jsonl] [count] [--nltk python3]
 * Texts are cut and joined from the file's (default: the golden ones of the tests) until there are `count` different ones (default 5000). With
 * --nltk the same Self-BLEU by NLTK on a sample of hypotheses, scaled to all, in turns with ours; medians of 3.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { againstOthers, nltkScore } from '../dist/evaluations/self-bleu-scores.js';
import { encode } from '../dist/evaluations/token-ids.js';
import { stein } from '../dist/evaluations/tokenizers.js';
import { evaluations } from '../dist/evaluations/index.js';
import { defaultsOf } from '../dist/evaluations/types.js';

const argv = process.argv.slice(2);
const at = argv.indexOf('--nltk');
const python = at < 0 ? undefined : argv.splice(at, 2)[1];
const [file, count = '5000'] = argv;
const golden = new URL('../test/evaluations/golden/texts.jsonl.gz', import.meta.url);
const source = (file ? readFileSync(file, 'utf8') : gunzipSync(readFileSync(golden)).toString('utf8'))
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line))
  .filter(({ set }) => set === undefined || set === 'wiki')
  .map(({ text }) => text.split(/\s+/));

/** Text i: 50 words, from two texts that i chooses. */
const texts = Array.from({ length: Number(count) }, (_, i) => {
  const [a, b] = [source[i % source.length], source[(i * 7 + Math.floor(i / source.length) * 13 + 1) % source.length]];
  const cut = 5 + (i % 40);
  return [...a.slice(0, cut), ...b.slice(cut)].join(' ');
});
const median = (values) => [...values].sort((x, y) => x - y)[Math.floor(values.length / 2)];
const timed = (work) => {
  const began = performance.now();
  const value = work();
  return { value, seconds: (performance.now() - began) / 1000 };
};
const ours = () => {
  const scores = againstOthers(encode(texts, stein).texts, 3).map(nltkScore);
  return { mean: scores.reduce((a, b) => a + b, 0) / scores.length, scores };
};

const HYPOTHESES = 20;
const NLTK = `
import json, sys, time
from nltk.translate.bleu_score import sentence_bleu, SmoothingFunction
texts = json.load(open(sys.argv[1])); m = SmoothingFunction().method1; w = [1/3] * 3
began = time.perf_counter()
scores = [sentence_bleu(texts[:i] + texts[i+1:], texts[i], w, smoothing_function=m) for i in range(${HYPOTHESES})]
print(json.dumps({"seconds": time.perf_counter() - began, "scores": scores}))
`;

const times = { ours: [], nltk: [] };
let found;
let worst = 0;
const folder = mkdtempSync(join(tmpdir(), 'habsburg-bench-'));
try {
  const tokens = join(folder, 'tokens.json');
  writeFileSync(tokens, JSON.stringify(texts.map(stein)));
  for (let round = 0; round < 3; round++) {
    const { value, seconds } = timed(ours);
    found = value;
    times.ours.push(seconds);
    if (python === undefined) continue;
    const { seconds: all, scores } = JSON.parse(execFileSync(python, ['-c', NLTK, tokens], { encoding: 'utf8' }));
    times.nltk.push((all / HYPOTHESES) * texts.length);
    scores.forEach((score, i) => (worst = Math.max(worst, Math.abs(score - value.scores[i]))));
  }
} finally {
  rmSync(folder, { recursive: true });
}
console.log(
  `Self-BLEU-3 (stein) of ${texts.length} texts: ${found.mean.toFixed(6)}, ${median(times.ours).toFixed(3)} s, tokenizing included`,
);
if (python !== undefined)
  console.log(
    `NLTK: ${median(times.nltk).toFixed(0)} s (${HYPOTHESES} hypotheses, scaled), ${(median(times.nltk) / median(times.ours)).toFixed(0)} times as long; largest difference ${worst.toExponential(1)}`,
  );

const input = {
  records: {
    generated: { texts, tokens: encode(texts, stein).texts, ids: [] },
    test: { texts: texts.slice(0, 500), tokens: [], ids: [] },
  },
  tables: {},
};
for (const evaluation of evaluations.filter(({ usual }) => usual === false)) {
  const settings = { ...defaultsOf(evaluation) };
  for (const all of ['words', 'texts', 'bytes']) if (all in settings) settings[all] = 0;
  const { value, seconds } = timed(() => evaluation.compute(input, settings));
  console.log(
    `${`${evaluation.name}.${evaluation.variant}`.padEnd(40)} ${seconds.toFixed(3)} s  ${value[0]?.value.toPrecision(6) ?? 'not defined'}`,
  );
}
