/** Texts through a sequence classifier of Hugging Face's: how probable each label is, as transformers' text-classification pipeline says. */
import { join } from 'node:path';
import { HabsburgError } from '../../common/errors.js';
import { readJsonObject } from '../checkpoint/json.js';
import type { TensorSources } from '../checkpoint/safetensors.js';
import { openWeights } from '../checkpoint/weight-files.js';
import { ConfigReader } from '../models/config.js';
import { Encoder, type EncodeOptions } from './encoder.js';
import { CLASSIFIERS, encoderOf, isEncoder } from './index.js';
import { LOGITS, onnxFileOf } from './onnx-file.js';
import type { ClassifierHead } from './types.js';

/** y = W x + b */
interface Linear {
  /** (out, in) */
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

interface Head {
  readonly inner: Linear;
  readonly outer: Linear;
  readonly activation: ClassifierHead['activation'];
}

export class Classifier {
  private constructor(
    readonly encoder: Encoder,
    /** by number, as config.json's id2label names them */
    readonly labels: readonly string[],
    /** whether labels do not exclude each other, or there is one alone: the sigmoid of each logit, where else the softmax of them all */
    readonly apart: boolean,
    /** absent: the file of the encoder gives logits */
    private readonly head: Head | undefined,
    private readonly file: string,
  ) {}

  /**
   * A folder with config.json, tokenizer.json and weights of an architecture of CLASSIFIERS, or model.onnx of any that gives `logits`.
   * @throws HabsburgError as Encoder.load, and `invalid` for what is no classifier
   */
  static async load(dir: string): Promise<Classifier> {
    const file = join(dir, 'config.json');
    const read = new ConfigReader(await readJsonObject(file), file);
    if (read.get('problem_type') === 'regression') read.refuse('problem_type', 'is "regression", and a detector has labels');
    const first = { modes: ['cls'], normalize: false } as const;
    const network = await onnxFileOf(dir, read, [LOGITS]);
    if (network) {
      const labels = labelsOf(read);
      return new Classifier(await Encoder.load(dir, first, network), labels, isApart(read, labels), undefined, file);
    }
    const head = headOf(read);
    const encoder = await Encoder.load(dir, first);
    const sources = await openWeights(dir);
    const inner = await linear(sources, head.inner, encoder.config.hiddenSize, dir);
    const outer = await linear(sources, head.outer, inner.bias.length, dir);
    const labels = labelsOf(read, outer.bias.length);
    return new Classifier(encoder, labels, isApart(read, labels), { inner, outer, activation: head.activation }, file);
  }

  /** One number a label, for each text, in order. */
  async logits(texts: readonly string[], options: EncodeOptions): Promise<Float64Array[]> {
    const found = await this.encoder.embed(texts, options);
    const { head } = this;
    if (head) return found.map((state) => forward(head, state));
    const wrong = found.find(({ length }) => length !== this.labels.length);
    if (wrong) throw new HabsburgError('invalid', `${this.file} names ${this.labels.length} labels, and its model gives ${wrong.length} logits a text`); // prettier-ignore
    return found.map((logits) => Float64Array.from(logits));
  }

  /**
   * How probable it is that each text has the label.
   * @param label its name or number in id2label
   * @param temperature that logits are divided by first: above 1 less sure (Guo et al. 2017, arXiv:1706.04599)
   * @throws HabsburgError `invalid` for a label that it does not have
   */
  async probabilities(
    texts: readonly string[],
    label: string | number,
    options: EncodeOptions,
    temperature = 1,
  ): Promise<Float64Array> {
    const k = typeof label === 'number' ? label : this.labels.indexOf(label);
    if (!(k in this.labels))
      throw new HabsburgError(
        'invalid',
        `${this.file} has no label ${JSON.stringify(label)}; it has ${this.labels.map((name, i) => `${JSON.stringify(name)} (${i})`).join(', ')}`,
      );
    const logits = await this.logits(texts, options);
    return Float64Array.from(logits, (all) => {
      if (this.apart) return 1 / (1 + Math.exp(-all[k] / temperature));
      const most = Math.max(...all);
      const weights = all.map((logit) => Math.exp((logit - most) / temperature));
      return weights[k] / weights.reduce((sum, weight) => sum + weight, 0);
    });
  }
}

function headOf(read: ConfigReader): ClassifierHead {
  const named = read.get('architectures');
  const modelType = String(read.get('model_type'));
  const head = isEncoder(modelType) ? encoderOf(modelType).classifier : undefined;
  if (head === undefined || !Array.isArray(named) || !named.includes(head.architecture))
    read.refuse(
      'architectures',
      `${JSON.stringify(named)} is no sequence classifier that is known; known: ${CLASSIFIERS.join(', ')}, and any other as model.onnx that gives logits`,
    );
  return head;
}

async function linear(sources: TensorSources, name: string, into: number, dir: string): Promise<Linear> {
  const [weight, bias] = ['weight', 'bias'].map((kind) => {
    const source = sources.get(`${name}.${kind}`);
    if (source === undefined) throw new HabsburgError('verification', `${dir} lacks the weight ${name}.${kind} of a classifier`);
    return source;
  });
  const out = bias.shape[0];
  if (bias.shape.length !== 1 || weight.shape.join() !== [out, into].join())
    throw new HabsburgError('verification', `${dir}: ${name} has shapes (${weight.shape.join(', ')}) and (${bias.shape.join(', ')}), where it takes ${into} numbers`); // prettier-ignore
  return { weight: await weight.read(), bias: await bias.read() };
}

function forward({ inner, outer, activation }: Head, state: Float32Array): Float64Array {
  const hidden = product(inner, state).map((x) => (activation === 'tanh' ? Math.tanh(x) : Math.max(0, x)));
  return product(outer, hidden);
}

function product({ weight, bias }: Linear, x: ArrayLike<number>): Float64Array {
  return Float64Array.from(bias, (b, i) => {
    let sum = b;
    for (let k = 0; k < x.length; k++) sum += weight[i * x.length + k] * x[k];
    return sum;
  });
}

/** @param count of logits; absent: as many as config.json says */
function labelsOf(read: ConfigReader, count?: number): string[] {
  const names = (read.get('id2label') ?? {}) as Readonly<Record<string, unknown>>;
  const many = count ?? (Object.keys(names).length || read.size('num_labels', 2));
  if (Object.keys(names).length > 0 && Object.keys(names).length !== many)
    read.refuse('id2label', `names ${Object.keys(names).length} labels, and the weights have ${many}`);
  return Array.from({ length: many }, (_, i) => String(names[i] ?? `LABEL_${i}`));
}

function isApart(read: ConfigReader, labels: readonly string[]): boolean {
  return read.get('problem_type') === 'multi_label_classification' || labels.length === 1;
}
