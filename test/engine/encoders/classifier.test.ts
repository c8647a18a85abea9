/** Sequence classifiers against transformers' text-classification pipeline (golden/classifiers, by make_classifiers.py). */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Classifier } from '../../../engine/encoders/classifier.js';
import { Encoder } from '../../../engine/encoders/encoder.js';
import { relativeError } from '../../support/numbers.js';

const DIR = 'test/engine/encoders/golden/classifiers';
const golden = JSON.parse(readFileSync(`${DIR}/golden.json`, 'utf8')) as {
  texts: string[];
  models: Record<string, { ids: number[][]; logits: number[][]; hidden: number[][]; pipeline: Record<string, number>[] }>;
};
const { texts } = golden;
let root: string;
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'classifiers-'))));
afterAll(() => rm(root, { recursive: true }));

/** A copy of a model's folder with other fields in its config.json. */
async function variant(name: string, fields: object = {}, files: readonly string[] = ['model.safetensors']): Promise<string> {
  const folder = await mkdtemp(join(root, `${name}-`));
  for (const file of ['tokenizer.json', 'tokenizer_config.json', ...files])
    await cp(`${DIR}/${name}/${file}`, join(folder, file));
  const config = JSON.parse(await readFile(`${DIR}/${name}/config.json`, 'utf8')) as object;
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, ...fields }));
  return folder;
}

/** A folder with an ONNX file, where Optimum puts it, in place of weights. */
async function exported(file: string, at = 'onnx/model.onnx', fields: object = {}): Promise<string> {
  const folder = await variant('bert', fields, []);
  await mkdir(join(folder, 'onnx'));
  await cp(`${DIR}/bert/${file}`, join(folder, at));
  return folder;
}

describe.each(Object.keys(golden.models))('%s', (name) => {
  const { ids, logits, hidden, pipeline } = golden.models[name];

  test('ids, first states, logits and the probability of each label, alone and padded in a batch', async () => {
    const classifier = await Classifier.load(`${DIR}/${name}`);
    expect(texts.map((text) => Array.from(classifier.encoder.idsOf(text)))).toEqual(ids);
    const states = await classifier.encoder.embed(texts, { threads: 1 });
    hidden.forEach((row, i) => expect(relativeError(states[i], row)).toBeLessThan(1e-5));
    for (const batch of [1, 6]) {
      const found = await classifier.logits(texts, { threads: 1, batch });
      logits.forEach((row, i) => row.forEach((logit, k) => expect(Math.abs(found[i][k] - logit)).toBeLessThan(5e-6)));
    }
    for (const [k, label] of classifier.labels.entries()) {
      const said = await classifier.probabilities(texts, label, { threads: 1 });
      said.forEach((p, i) => expect(Math.abs(p - pipeline[i][label])).toBeLessThan(1e-6));
      expect(await classifier.probabilities(texts, k, { threads: 1 })).toEqual(said);
    }
  });
});

test('a temperature divides logits; labels that do not exclude each other have a sigmoid each', async () => {
  const { logits } = golden.models.distilbert;
  const softmax = await (await Classifier.load(`${DIR}/distilbert`)).probabilities(texts, 'AI', { threads: 1 }, 1.35983);
  logits.forEach((row, i) => {
    const weights = row.map((logit) => Math.exp(logit / 1.35983));
    expect(softmax[i]).toBeCloseTo(weights[1] / weights.reduce((a, b) => a + b, 0), 6);
  });
  const folder = await variant('distilbert', { problem_type: 'multi_label_classification' });
  const apart = await (await Classifier.load(folder)).probabilities(texts, 'AI', { threads: 1 });
  logits.forEach((row, i) => expect(apart[i]).toBeCloseTo(1 / (1 + Math.exp(-row[1])), 6));
});

describe('an ONNX file in place of weights', () => {
  test.each(['model.onnx', 'onnx/model.onnx'])('a classifier’s logits, as %s', async (at) => {
    const found = await (await Classifier.load(await exported('model.onnx', at))).logits(texts, { threads: 1 });
    golden.models.bert.logits.forEach((row, i) => expect(relativeError(found[i], row)).toBeLessThan(1e-5));
  });

  test('an architecture that the engine does not know', async () => {
    const folder = await exported('model.onnx', 'model.onnx', { model_type: 'modernbert', architectures: ['ModernBertForSequenceClassification'] }); // prettier-ignore
    const found = await (await Classifier.load(folder)).logits(texts, { threads: 1 });
    golden.models.bert.logits.forEach((row, i) => expect(relativeError(found[i], row)).toBeLessThan(1e-5));
  });

  test('an encoder’s states are those of the same weights, in batches too, and pooled as the folder says', async () => {
    const own = await Encoder.load(`${DIR}/bert`);
    const given = await Encoder.load(await exported('encoder.onnx'));
    const [a, b] = [await own.encode(texts, { threads: 1 }), await given.encode(texts, { threads: 1, batch: 2 })];
    a.forEach(({ ids, hidden, embedding }, i) => {
      expect(b[i].ids).toEqual(ids);
      expect(relativeError(b[i].hidden, [...hidden])).toBeLessThan(1e-5);
      expect(relativeError(b[i].embedding, [...embedding])).toBeLessThan(1e-5);
    });
    await expect(given.states([Int32Array.of(0, 1)], 1, { threads: 1 })).rejects.toThrow(
      /gives the states behind its last layer alone/,
    );
  });

  test.each([
    ['encoder.onnx', 'classifier', /onnx\/model\.onnx gives none of logits; it gives last_hidden_state/],
    ['model.onnx', 'encoder', /gives none of last_hidden_state, token_embeddings, sentence_embedding; it gives logits/],
    ['tokenizer.json', 'encoder', /onnx\/model\.onnx is no model that onnxruntime reads/],
  ] as const)('%s as a %s is refused by name', async (file, as, message) => {
    const folder = await exported(file);
    const reading = as === 'encoder' ? (await Encoder.load(folder)).embed(['a'], { threads: 1 }) : (await Classifier.load(folder)).logits(['a'], { threads: 1 }); // prettier-ignore
    await expect(reading).rejects.toThrow(message);
  });
});

test.each([
  ['bert', { architectures: ['BertModel'] }, /architectures \["BertModel"\] is no sequence classifier that is known; known: BertForSequenceClassification, Roberta/],
  ['bert', { model_type: 'mpnet' }, /architectures .* is no sequence classifier that is known/],
  ['bert', { id2label: { 0: 'a', 1: 'b', 2: 'c' } }, /id2label names 3 labels, and the weights have 2/],
  ['roberta', { problem_type: 'regression' }, /problem_type is "regression"/],
] as const)('%s with %j is refused', async (name, fields, message) => {
  await expect(variant(name, fields).then((folder) => Classifier.load(folder))).rejects.toThrow(message);
}); // prettier-ignore

test('a label that it does not have is refused with those that it has', async () => {
  const classifier = await Classifier.load(`${DIR}/bert`);
  for (const label of ['ai', 2, -1, 0.5])
    await expect(classifier.probabilities(['a'], label, { threads: 1 })).rejects.toThrow(/it has "machine" \(0\), "human" \(1\)/);
});
