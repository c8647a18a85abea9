/**
 * Self-BLEU, D_syn and the lexical metrics on many texts: node bench/metrics.mjs [texts.jsonl] [count] [--python python3]
 * Texts are cut and joined from the file's (default: the golden ones of the tests) until there are `count` different ones (default 5000); of
 * their parses as many sentences. With --python the same Self-BLEU by NLTK on a sample of hypotheses, scaled to all, and by fast-bleu on all of them,
 * and the same D_syn by GraKeL and scipy, where that interpreter has them: in turns with ours, medians of 3.
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
import { rowSpread } from '../dist/evaluations/syntactic-diversity.js';
import { defaultsOf } from '../dist/evaluations/types.js';
import { englishParser } from '../dist/syntax/english.js';

const argv = process.argv.slice(2);
const at = argv.indexOf('--python');
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
const FAST_BLEU = `
import json, sys, time
from fast_bleu import SelfBLEU
texts = json.load(open(sys.argv[1]))
began = time.perf_counter()
scores = SelfBLEU(texts, {"trigram": (1/3, 1/3, 1/3)}).get_score()["trigram"]
print(json.dumps({"seconds": time.perf_counter() - began, "scores": scores}))
`;

/** What a Python script prints of a file of JSON; nothing, and a line that says why, where it cannot run. */
const absent = new Set();
const byPython = (name, script, file) => {
  if (python === undefined || absent.has(name)) return undefined;
  try {
    return JSON.parse(execFileSync(python, ['-c', script, file], { encoding: 'utf8', maxBuffer: 2 ** 26, stdio: 'pipe' }));
  } catch (error) {
    absent.add(name);
    console.log(`${name}: not measured, ${String(error.stderr).trim().split('\n').at(-1)}`);
    return undefined;
  }
};
const scratch = mkdtempSync(join(tmpdir(), 'habsburg-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true }));
const written = (name, value) => {
  writeFileSync(join(scratch, name), JSON.stringify(value));
  return join(scratch, name);
};
const compared = (name, seconds, own, of = '') =>
  console.log(`${name}: ${median(seconds).toFixed(2)} s${of}, ${(median(seconds) / median(own)).toFixed(1)} times as long`);

const times = { ours: [], nltk: [], fast: [] };
let found;
const worst = { nltk: 0, fast: 0 };
const tokens = written('tokens.json', texts.map(stein));
for (let round = 0; round < 3; round++) {
  const { value, seconds } = timed(ours);
  found = value;
  times.ours.push(seconds);
  const apart = (scores) => Math.max(...scores.map((score, i) => Math.abs(score - value.scores[i])));
  const fast = byPython('fast-bleu', FAST_BLEU, tokens);
  if (fast) {
    times.fast.push(fast.seconds);
    worst.fast = apart(fast.scores);
  }
  const nltk = byPython('NLTK', NLTK, tokens);
  if (nltk) {
    times.nltk.push((nltk.seconds / HYPOTHESES) * texts.length);
    worst.nltk = apart(nltk.scores);
  }
}
console.log(
  `Self-BLEU-3 (stein) of ${texts.length} texts: ${found.mean.toFixed(6)}, ${median(times.ours).toFixed(3)} s, tokenizing included`,
);
if (times.fast.length > 0) compared('fast-bleu', times.fast, times.ours, `, largest difference ${worst.fast.toExponential(1)}`);
if (times.nltk.length > 0)
  compared('NLTK', times.nltk, times.ours, ` (${HYPOTHESES} hypotheses, scaled), largest difference ${worst.nltk.toExponential(1)}`); // prettier-ignore

const parser = englishParser();
const trees = [];
for (const text of texts) {
  if (trees.length >= texts.length) break;
  trees.push(...parser.parse(text));
}
trees.length = Math.min(trees.length, texts.length);
const GRAKEL = `
import json, sys, time
from grakel import Graph
from grakel.kernels import WeisfeilerLehman, VertexHistogram
from scipy.spatial.distance import pdist
trees = json.load(open(sys.argv[1]))
began = time.perf_counter()
graphs = []
for labels, heads in trees:
    edges = [(i + 1, h) for i, h in enumerate(heads)]
    graphs.append(Graph(edges + [(b, a) for a, b in edges], node_labels={0: "none", **{i + 1: l for i, l in enumerate(labels)}}))
kernel = WeisfeilerLehman(n_iter=1, base_graph_kernel=VertexHistogram, normalize=True).fit_transform(graphs)
value = 2 * pdist(kernel).sum() / len(trees) ** 2
print(json.dumps({"seconds": time.perf_counter() - began, "value": value}))
`;
const parses = written('trees.json', trees.map(({ xpos, heads }) => [xpos, Array.from(heads)])); // prettier-ignore
const spread = { ours: [], grakel: [], value: 0, theirs: 0 };
for (let round = 0; round < 3; round++) {
  const { value, seconds } = timed(() => rowSpread(trees.map(({ xpos, heads }) => ({ labels: xpos, heads })), 1).pairs); // prettier-ignore
  spread.ours.push(seconds);
  spread.value = value;
  const grakel = byPython('GraKeL', GRAKEL, parses);
  if (grakel) {
    spread.grakel.push(grakel.seconds);
    spread.theirs = grakel.value;
  }
}
console.log(
  `D_syn (stein) of ${trees.length} sentences: ${spread.value.toFixed(6)}, ${median(spread.ours).toFixed(3)} s, kernel and score`,
);
if (spread.grakel.length > 0)
  compared('GraKeL and scipy', spread.grakel, spread.ours, `, difference ${Math.abs(spread.theirs - spread.value).toExponential(1)}`); // prettier-ignore

const input = {
  records: {
    generated: { texts, tokens: encode(texts, stein).texts, ids: [] },
    test: { texts: texts.slice(0, 500), tokens: [], ids: [] },
  },
  tables: {},
};
const ofWords = ({ of, usual, needs }) => of === 'texts' && usual === false && !needs.observations && !needs.references && !needs.truth; // prettier-ignore
for (const evaluation of evaluations.filter(ofWords)) {
  const settings = { ...defaultsOf(evaluation) };
  for (const all of ['words', 'texts', 'bytes']) if (all in settings) settings[all] = 0;
  const { value, seconds } = timed(() => evaluation.compute(input, settings));
  console.log(
    `${`${evaluation.name}.${evaluation.variant}`.padEnd(40)} ${seconds.toFixed(3)} s  ${value[0]?.value.toPrecision(6) ?? 'not defined'}`,
  );
}
