/** `habsburg metrics FILE`: anybody's texts, measured; values are those that the libraries gave. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { evaluations } from '../../evaluations/index.js';
import { expectEqual, golden, goldenFile, goldenLines, goldenTexts } from '../evaluations/reference.js';
import { habsburg } from './support.js';

interface Value {
  metric: string;
  variant: string;
  value: number;
  n: number;
  signature?: string;
  settings: Record<string, unknown>;
}
let folder: string;
const write = (name: string, lines: readonly object[]): string => {
  const file = join(folder, name);
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return file;
};
const measure = async (...argv: string[]) => {
  const { code, out, err } = await habsburg('metrics', ...argv, '--json');
  const found = code === 0 ? (JSON.parse(out) as { texts: number; values: Value[]; undefined: { name: string; variant: string }[] }) : undefined; // prettier-ignore
  return { code, err: err + (code === 0 ? '' : out), values: found?.values ?? [], missing: found?.undefined ?? [] };
};
const ofSet = (set: string) => goldenTexts().filter((text) => text.set === set);
const valueOf = (values: readonly Value[], metric: string, variant: string) =>
  values.find((v) => v.metric === metric && v.variant === variant)!;

beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'habsburg-metrics-'))));
afterAll(() => rmSync(folder, { recursive: true }));

test('all that the file allows, without one that needs a model or real texts', async () => {
  const { values, missing } = await measure(write('wiki.jsonl', ofSet('wiki')), '--set', 'words=0');
  const lexical = golden<{ sets: { wiki: Record<string, Record<string, number> & { distinct: number[] }> } }>('lexical');
  const { stein, 'lower-split': words } = lexical.sets.wiki;
  expectEqual('ttr', valueOf(values, 'ttr', 'stein').value, stein.distinct[0]);
  expectEqual('mtld', valueOf(values, 'mtld', 'lexicalrichness').value, words.mtld_lexicalrichness);
  expectEqual('gini', valueOf(values, 'gini', 'word-frequencies').value, words.gini);
  expect(valueOf(values, 'gini', 'word-frequencies').settings).toEqual({ words: 0, tokenizer: 'lower-split' });
  expect(valueOf(values, 'distinct-2', 'tokens/in-record').n).toBeGreaterThan(5000);
  expect(missing).toEqual([]);
  for (const name of ['perplexity', 'tail-lost', 'word-tail', 'rouge', 'latent-std'])
    expect(values.filter(({ metric }) => metric === name)).toEqual([]);
});

test('those that are asked for, with variants, against real texts and line by line', async () => {
  const pairs = goldenLines<{ hypothesis: string; references: string[] }>('pairs');
  const file = write(
    'written.jsonl',
    pairs.map(({ hypothesis }) => ({ text: hypothesis })),
  );
  const real = write(
    'real.jsonl',
    pairs.map(({ references }) => ({ text: references[0] })),
  );
  const { values } = await measure(
    file,
    '--reference',
    real,
    '--metrics',
    'rouge, bleu.sacrebleu,distinct,word-tail,self-bleu.stein',
  );
  expect(new Set(values.map(({ metric }) => metric))).toEqual(
    new Set(['rouge', 'bleu', 'distinct-1', 'distinct-2', 'distinct-3', 'word-tail', 'self-bleu']),
  );
  expect(new Set(values.filter(({ metric }) => metric === 'self-bleu').map(({ variant }) => variant.split('/')[0]))).toEqual(new Set(['stein'])); // prettier-ignore
  const { mean } = golden<{ no_stemmer: { mean: Record<string, number[]> } }>('rouge').no_stemmer;
  expectEqual('rouge-l', valueOf(values, 'rouge', 'rouge-score/rouge-l').value, mean.rougeL[2]);
  const { corpus_single, corpus_multi, signature } = golden<{ sacrebleu: Record<string, { corpus_single: { score: number }; corpus_multi: { score: number }; signature: string }> }>('bleu').sacrebleu['13a/exp']; // prettier-ignore
  expectEqual('bleu', valueOf(values, 'bleu', 'sacrebleu').value, corpus_single.score);
  expect(valueOf(values, 'bleu', 'sacrebleu').signature).toBe(signature);
  const several = write(
    'several.jsonl',
    pairs.map(({ hypothesis, references }) => ({ text: hypothesis, references })),
  );
  const multi = await measure(several, '--metrics', 'bleu');
  expectEqual('several', valueOf(multi.values, 'bleu', 'sacrebleu').value, corpus_multi.score);
  expect(valueOf(multi.values, 'bleu', 'sacrebleu').signature).toBe(signature.replace('nrefs:1', 'nrefs:var'));
});

test('a table for people; no value where a metric is not defined', async () => {
  const file = write('two.jsonl', [{ text: 'a b c a b c' }, { text: '' }]);
  const { out } = await habsburg('metrics', file, '--metrics', 'ttr,heaps,mtld.no-minimum');
  expect(out).toMatch(/^metric +variant +version +value +n +settings\n/);
  expect(out).toMatch(/\nttr +stein +1 +0\.5 +6 +texts: 0\n/);
  expect(out).toMatch(/\nheaps +exponent +not defined\n/);
  const empty = write('empty.jsonl', []);
  const { values, missing } = await measure(empty);
  expect(values).toEqual([]);
  expect(missing.length).toBeGreaterThan(20);
});

test.each<[string, object[], string[], string]>([
  ['no such metric', [{ text: 'a' }], ['--metrics', 'bleurt'], 'there is no metric "bleurt"'],
  ['needs a model', [{ text: 'a' }], ['--metrics', 'perplexity'], 'perplexity needs a model or a synthetic language'],
  ['needs real texts', [{ text: 'a' }], ['--metrics', 'word-tail'], 'word-tail needs --reference FILE.jsonl, real texts'],
  ['needs references', [{ text: 'a' }], ['--metrics', 'rouge'], 'rouge needs references: "references" on every line'],
  ['a line without text', [{ text: 'a' }, { words: 'b' }], [], ':2: no text; a line is {"text": "…"}'],
  ['no list of references', [{ text: 'a', references: 'b' }], [], ':1: references is not a list of texts'],
  ['references of some', [{ text: 'a', references: ['b'] }, { text: 'b' }], [], '1 of 2 texts have references'],
  ['no such setting', [{ text: 'a' }], ['--set', 'wrds=3'], '--set wrds: none of these metrics has that setting'],
  ['not what a setting is', [{ text: 'a' }], ['--set', 'words=-1'], '--set words of'],
])('refused: %s', async (_, lines, argv, message) => {
  const { code, err } = await measure(write('refused.jsonl', lines), ...argv);
  expect(code).toBe(2);
  expect(err).toContain(message);
});

/** As numpy.save writes it. */
function npy(name: string, rows: readonly (readonly number[])[], type: '<f4' | '<f8' | '<i8' = '<f8'): string {
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': (${rows.length}, ${rows[0].length}), }`;
  const padded = `${header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11)}\n`;
  const size = Buffer.from([1, 0, padded.length & 255, padded.length >> 8]);
  const numbers = type === '<f4' ? Float32Array.from(rows.flat()) : Float64Array.from(rows.flat());
  const file = join(folder, name);
  writeFileSync(
    file,
    Buffer.concat([Buffer.from('\x93NUMPY', 'latin1'), size, Buffer.from(padded), Buffer.from(numbers.buffer)]),
  );
  return file;
}

test('metrics of meaning, of vectors in a file, with and without texts', async () => {
  const semantic = golden<{
    embeddings: number[][];
    expected: Record<'as_is' | 'normalised', Record<'l2_pairwise_stein' | 'l2_centroid_stein', number>> & {
      cosine: { schaffelder_1_minus_cos: number; guo_half: { mean: number } };
    };
  }>('semantic');
  const { expected, embeddings } = semantic;
  const lines = write(
    'vectors.jsonl',
    embeddings.map((embedding) => ({ embedding })),
  );
  for (const file of [lines, npy('vectors.npy', embeddings)]) {
    const { values } = await measure('--embeddings', file, '--metrics', 'd-sem', '--set', 'encoder=mine');
    const of = (variant: string) => valueOf(values, 'd-sem', variant).value;
    expectEqual('stein', of('stein'), expected.normalised.l2_pairwise_stein);
    expectEqual('centroid', of('stein/centroid'), expected.normalised.l2_centroid_stein);
    expectEqual('guo', of('guo'), expected.cosine.guo_half.mean);
    expectEqual('schaffelder', of('schaffelder'), expected.cosine.schaffelder_1_minus_cos);
    expect(values[0].settings).toMatchObject({ encoder: 'mine', normalize: true });
  }
  const raw = await measure('--embeddings', lines, '--metrics', 'd-sem.stein', '--set', 'normalize=false');
  expectEqual('as is', raw.values[0].value, expected.as_is.l2_pairwise_stein);
  expect(raw.values[0].settings.encoder).toBe('vectors.jsonl');

  const { features, frechet } = golden<{ features: Record<'P' | 'Q', number[][]>; frechet: { P_Q: { fid_eigh: number } } }>('distribution'); // prettier-ignore
  const written = write(
    'q.jsonl',
    features.Q.map((_, i) => ({ text: `text ${i}` })),
  );
  const vectors = ['--embeddings', npy('q.npy', features.Q), '--reference-embeddings', npy('p.npy', features.P)];
  const both = await measure(written, ...vectors);
  expectEqual('frechet', valueOf(both.values, 'frechet', 'embeddings/real-test').value, frechet.P_Q.fid_eigh, 1e-8);
  const names = new Set(both.values.map(({ metric }) => metric));
  for (const name of ['ttr', 'd-sem', 'mauve', 'mmd', 'energy-distance', 'precision-recall']) expect(names).toContain(name);
  // one text has no pair, and a zero vector no angle
  const { values, missing } = await measure('--embeddings', npy('one.npy', [[1, 2]]));
  expect([values, missing.length]).toEqual([[], 3]);
});

const BERT = 'test/golden/encoders/bert';

test('an encoder in a folder makes the vectors, of real texts, too', async () => {
  const { texts, models } = JSON.parse(readFileSync('test/golden/encoders/golden.json', 'utf8')) as { texts: string[]; models: { bert: { vectors: { normalised: number[][] } } } }; // prettier-ignore
  const file = write('embed.jsonl', texts.map((text) => ({ text }))); // prettier-ignore
  const metrics = ['--metrics', 'd-sem.stein,energy-distance'];
  const { values } = await measure(file, '--reference', file, '--encoder', BERT, ...metrics);
  const unit = models.bert.vectors.normalised;
  const sum = unit.flatMap((a) => unit.map((b) => Math.hypot(...a.map((x, k) => x - b[k])))).reduce((x, y) => x + y);
  expect(valueOf(values, 'd-sem', 'stein').value).toBeCloseTo(sum / unit.length ** 2, 5);
  expect(valueOf(values, 'energy-distance', 'embeddings/real-test/biased').value).toBeCloseTo(0, 12);
  expect(values[0].settings.encoder).toMatch(/^file:bert@sha256:[0-9a-f]{64}$/);
});

test.each<[string, () => string[], string]>([
  ['no vectors', () => ['--metrics', 'd-sem'], 'd-sem needs vectors of the texts: --encoder FOLDER or hf://'],
  [
    'no real vectors',
    () => ['--metrics', 'mauve', '--embeddings', npy('a.npy', [[1]])],
    'add --reference REAL.jsonl with --encoder, or --reference-embeddings FILE',
  ],
  ['vectors for nothing', () => ['--metrics', 'ttr', '--embeddings', npy('a.npy', [[1]])], 'none of these metrics reads vectors'],
  ['two ways to get vectors', () => ['--encoder', BERT, '--embeddings', npy('a.npy', [[1]])], 'leave one of them out'],
  ['no encoder', () => ['--encoder', 'hf://a'], 'is no encoder; write file:FOLDER'],
  [
    'no encoder that is known',
    () => ['--encoder', 'test/golden/lm/opt-pre-ln'],
    'is no encoder that is known; known: bert, roberta, distilbert, mpnet',
  ],
  ['another number of texts', () => ['--embeddings', npy('a.npy', [[1], [2]])], 'has 2 embeddings for 1 texts'],
  ['other dimensions', () => ['--embeddings', npy('a.npy', [[1]]), '--reference-embeddings', npy('b.npy', [[1, 2]])], 'both must be of one encoder'], // prettier-ignore
  ['real ones alone', () => ['--reference-embeddings', npy('a.npy', [[1]])], 'goes with --embeddings FILE'],
  ['integers', () => ['--embeddings', npy('a.npy', [[1]], '<i8')], 'numbers of type <i8'],
  ['not a number', () => ['--embeddings', npy('a.npy', [[NaN]])], 'row 1 holds what is no finite number'],
  ['rows of two lengths', () => ['--embeddings', write('e.jsonl', [{ embedding: [1] }, { embedding: [1, 2] }])], ':2: 2 numbers, where line 1 has 1'], // prettier-ignore
  ['a row without', () => ['--embeddings', write('e.jsonl', [{ text: 'a' }])], ':1: no embedding; a line is'],
])('vectors refused: %s', async (_, argv, message) => {
  const { code, err } = await measure(write('one.jsonl', [{ text: 'a' }]), ...argv());
  expect(code).toBe(2);
  expect(err).toContain(message);
});

test('options without a file are refused, a file that is not there is not found', async () => {
  expect((await habsburg('metrics', '--metrics', 'ttr')).err).toContain('--metrics goes with a file of texts');
  expect((await habsburg('metrics', join(folder, 'nowhere.jsonl'))).code).toBe(4);
});

test('every variant is listed', async () => {
  const { out } = await habsburg('metrics', '--list', '--json');
  const { metrics } = JSON.parse(out) as { metrics: { name: string; variant: string }[] };
  const named = (all: readonly { name: string; variant: string }[]) => all.map((one) => `${one.name} ${one.variant}`).sort();
  expect(named(metrics)).toEqual(named(evaluations));
});

test('d-syn of parses that a file has, and of plain texts, which are parsed where it is asked for', async () => {
  const wl = golden<{ kernels: Record<string, { stein: { D_p: number }; guo: { mean: number } }> }>('wl').kernels;
  const parses = join(folder, 'wl.conllu');
  writeFileSync(parses, goldenFile('wl.conllu'));
  const asked = await measure(parses, '--metrics', 'd-syn');
  expectEqual('stein', valueOf(asked.values, 'd-syn', 'stein').value, wl['xpos/h1/undirected'].stein.D_p);
  expectEqual('guo', valueOf(asked.values, 'd-syn', 'guo').value, wl['upos/h2/undirected'].guo.mean);
  expect((await measure(parses)).values.map(({ metric }) => metric)).toEqual(expect.arrayContaining(['d-syn', 'ttr']));

  const texts = write('plain.jsonl', [{ text: 'The cat sat on the mat. It slept.' }, { text: '' }, { text: 'Dogs run!' }]);
  const { values } = await measure(texts, '--metrics', 'd-syn.guo');
  expect(values.map(({ variant, n }) => [variant, n])).toEqual([['guo', 3], ['guo/margin95', 3]]); // prettier-ignore
  expect((await measure(texts)).values.some(({ metric }) => metric === 'd-syn')).toBe(false);
  // the first sentences alone are as far as the texts are parsed
  const first = write('first.jsonl', [{ text: 'The cat sat on the mat. It slept.' }]);
  const ofTwo = async (file: string) => (await measure(file, '--metrics', 'd-syn.stein', '--set', 'sentences=2')).values.map(({ value, n }) => [value, n]); // prettier-ignore
  expect(await ofTwo(texts)).toEqual(await ofTwo(first));

  // by the parser over an encoder's states
  const without = await measure(texts, '--metrics', 'd-syn.guo-encoder');
  expect([without.code, without.err]).toEqual([2, expect.stringContaining('d-syn.guo-encoder reads parses over an encoder\'s states: --encoder FOLDER of all-MiniLM-L6-v2')]); // prettier-ignore
  const other = await measure(texts, '--metrics', 'd-syn.guo-encoder', '--encoder', 'test/golden/encoders/bert');
  expect([other.code, other.err]).toEqual([2, expect.stringContaining('reads the states of all-MiniLM-L6-v2, and')]);
  expect(other.err).toContain('test/golden/encoders/bert is another encoder; give that one, or train a network with yours');

  const broken = join(folder, 'broken.conllu');
  writeFileSync(broken, '1\tno heads\n');
  const { code, err } = await measure(broken, '--metrics', 'd-syn');
  expect([code, err]).toEqual([2, expect.stringContaining('broken.conllu, line 1: CoNLL-U has 10 columns')]);
});

test('one file against another: at equal size by default, with tests over texts, and the size is told', async () => {
  const wiki = ofSet('wiki');
  const one = write('one.jsonl', wiki);
  const some = write('some.jsonl', wiki.slice(0, 20));
  const run = async (...argv: string[]) => {
    const { code, out, err } = await habsburg('metrics', ...argv, '--metrics', 'vocabulary,diversity,distinct-1');
    expect([code, err]).toEqual([0, '']);
    return out;
  };
  const text = await run(one, '--against', some);
  expect(text).toMatch(/^metric +variant +first +n +second +n +Mann-Whitney +Kolmogorov +Levene +settings\n/);
  expect(text).toContain('At equal size: means over 10 random subsets of 20 texts');
  expect(text).toContain('They tell these two files apart, and nothing of what other seeds');
  const json = JSON.parse(await run(one, '--against', some, '--json')) as { values: { metric: string; variant: string; values: ({ value: number; n: number; sd?: number } | null)[]; tests?: Record<string, number>; settings: object }[]; size: object }; // prettier-ignore
  expect(json.size).toEqual({ texts: 20, samples: 10, seed: 0 });
  const types = json.values.find(({ metric, variant }) => metric === 'vocabulary' && variant === 'types')!;
  const { values } = await measure(some, '--metrics', 'vocabulary');
  expect(types.values[1]).toEqual({ value: valueOf(values, 'vocabulary', 'types').value, n: values[0].n, sd: 0 });
  expect(types.values[0]!.sd).toBeGreaterThan(0);
  expect(types.tests).toBeUndefined();
  expect(json.values.find(({ variant }) => variant === 'drayson')!.tests).toMatchObject({ texts: [wiki.length, 20] });

  const same = await run(one, '--against', one);
  expect(same).toContain(`Both files have ${wiki.length} texts.`);
  expect(same).toMatch(/\ndiversity +drayson +(\S+) +\d+ +\1 +\d+ +1 +1 +1\n/);
  const words = await run(one, '--against', some, '--size', 'words=200,samples=3', '--set', 'words=0', '--set', 'tokens=0');
  expect(words).toMatch(/\nvocabulary +types +\S+ ± \S+ +200 +\S+ ± \S+ +200/);
});

test('an interval over texts stands beside a mean over texts; a size on one file', async () => {
  const file = write('bounds.jsonl', ofSet('wiki'));
  const { out } = await habsburg('metrics', file, '--metrics', 'diversity,ttr');
  expect(out).toMatch(/^metric +variant +version +value +95 % over texts +n +settings\n/);
  expect(out).toMatch(/\ndiversity +drayson +1 +\S+ +0\.\d+ to 0\.\d+ +\d+ *\n/);
  expect(out).toContain('not with another seed');
  const { values } = await measure(file, '--metrics', 'ttr.stein', '--size', 'texts=15,samples=4');
  expect(values.map(({ variant }) => variant)).toContain('stein/subset-sd');
  expect(values[0].settings).toEqual({ texts: 0, 'size.texts': 15, 'size.samples': 4, 'size.seed': 0 });
});

test.each<[string, string[], string]>([
  ['no size', ['--size', '20'], '--size 20: a size is texts=NUMBER or words=NUMBER'],
  ['more than there is', ['--size', 'texts=3'], 'has 1 texts, fewer than --size texts=3'],
  ['a size of references', ['--size', 'words=1', '--metrics', 'rouge', '--reference', 'SELF'], '--size: rouge reads whole texts'],
  ['vectors of one side', ['--against', 'SELF', '--embeddings', 'SELF'], 'vectors of both come with --encoder'],
])('sizes and pairs, refused: %s', async (_, argv, message) => {
  const file = write('one-text.jsonl', [{ text: 'a b c' }]);
  const { code, err } = await measure(file, ...argv.map((word) => (word === 'SELF' ? file : word)));
  expect(code).toBe(2);
  expect(err).toContain(message);
});
