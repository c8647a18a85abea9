/** One model in training: the optimiser's memories, the graphs for each row length, and the optimiser step. */
import type { CounterRng } from '../../common/philox.js';
import type { Device } from '../devices.js';
import type { Lora } from '../adapters/lora.js';
import { longestRow, makeBatch, paddedLength, type Batch } from '../batch.js';
import type { FrozenParts, Model } from '../checkpoint/huggingface.js';
import { collectGarbage } from '../garbage.js';
import type { DecoderConfig } from '../models/types.js';
import { modelFeeds, weightFeeds } from '../models/weights.js';
import { float32, isLarge, Session, type Tensor } from '../session.js';
import { adapterDropoutName, DropoutMasks, dropoutName } from './dropout.js';
import { gradientName, trainingGraph } from './graph.js';
import type { LossPlan } from './losses/index.js';
import { createOptimizer, type OptimizerPlan } from './optimizers/index.js';
import type { Optimizer } from './optimizers/optimizer.js';

export interface StepResult {
  /** Σ weight · nll over the step's targets, nats, whatever loss is minimised */
  readonly nllSum: number;
  /** Σ weight of the targets: how many they are, where all count alike */
  readonly targetCount: number;
  /** global gradient norm before clipping */
  readonly gradientNorm: number;
}

interface Dropout {
  readonly rate: number;
  readonly rng: CounterRng;
}

export class Trainer {
  readonly config: DecoderConfig;
  readonly optimizer: Optimizer;
  /** the weights as a session's feeds: views that follow every step */
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly #sessions = new Map<number, { readonly session: Session; readonly maskWidths: readonly number[][] }>();
  /** of the branches and of the adapter's inputs, where they are dropped */
  readonly #masks: readonly DropoutMasks[];
  readonly #gradients: Readonly<Record<string, Tensor>>;
  readonly #large: boolean;
  readonly #frozen: FrozenParts;

  /**
   * @param model its weights are copied, and not kept unless an adapter is trained
   * @param options.clip largest global gradient norm; 0: no clipping
   * @param options.longest tokens of the longest row to come; shorter rows are padded to a few lengths below it
   * @param options.adapter trained instead of the model's weights, which then stay as they are
   * @param options.dropout share of the layers' outputs that is dropped, in (0, 1), and the stream that says which; absent: none
   * @param options.adapterDropout the same of the adapter's inputs
   * @param options.loss minimised in place of the cross-entropy
   * @param options.recompute compute layers again on the way back instead of keeping them
   */
  constructor(
    model: Model,
    readonly options: OptimizerPlan & {
      readonly clip: number;
      readonly threads: number;
      readonly device?: Device;
      readonly longest: number;
      readonly adapter?: Lora;
      readonly dropout?: Dropout;
      readonly adapterDropout?: Dropout;
      readonly recompute?: boolean;
      readonly loss?: LossPlan;
    },
  ) {
    const { adapter, dropout, adapterDropout } = options;
    this.config = model.config;
    this.#masks = [
      ...(dropout === undefined ? [] : [new DropoutMasks(dropout.rng, dropout.rate, dropoutName)]),
      ...(adapterDropout === undefined ? [] : [new DropoutMasks(adapterDropout.rng, adapterDropout.rate, adapterDropoutName)]),
    ];
    this.optimizer = createOptimizer(adapter?.weights ?? model.weights, options);
    this.feeds = { ...(adapter === undefined ? {} : modelFeeds(model)), ...weightFeeds(this.optimizer.weights) };
    this.#frozen = { stored: model.stored, adapter: model.adapter };
    this.#large = isLarge(this.feeds, model.stored);
    this.#gradients = Object.fromEntries(
      [...this.optimizer.gradients].map(([name, { shape, data }]) => [gradientName(name), float32(data, shape)]),
    );
  }

  /**
   * One optimiser step on the mean loss over all targets of the micro-batches together, so that how rows are split into
   * micro-batches changes rounding only.
   * @param labels per micro-batch and row, with IGNORED for what is not to be predicted; default: every token
   * @param weights per micro-batch and row, what its targets count for in the mean; default: 1
   */
  async step(
    microBatches: readonly (readonly Int32Array[])[],
    learningRate: number,
    labels?: readonly (readonly Int32Array[])[],
    weights?: readonly (readonly number[])[],
  ): Promise<StepResult> {
    const batches = microBatches.map((rows, i) =>
      makeBatch(rows, {
        time: paddedLength(longestRow(rows), this.options.longest),
        paddingId: this.config.paddingId,
        labels: labels?.[i],
        weights: weights?.[i],
      }),
    );
    const targetCount = batches.reduce((sum, batch) => sum + batch.targetCount, 0);
    let nllSum = 0;
    let firstRow = 0;
    for (const batch of batches) {
      nllSum += await this.#accumulate(batch, targetCount, firstRow);
      firstRow += batch.rows;
    }
    return { nllSum, targetCount, gradientNorm: this.optimizer.step(learningRate) };
  }

  /** Leaves (the step's first rows) or adds the gradient of Σ weight · loss / targetCount; returns the batch's Σ weight · nll. */
  async #accumulate(batch: Batch, targetCount: number, firstRow: number): Promise<number> {
    const { session, maskWidths } = await this.#session(batch.time);
    const filled = this.#masks.map((masks, i) =>
      masks.fill(maskWidths[i], this.optimizer.steps, firstRow, batch.rows, batch.time),
    );
    const masks = Object.assign({}, ...filled) as Record<string, Tensor>;
    const weights = float32(Float32Array.from(batch.counted, (counted) => counted / targetCount), [batch.counted.length, 1]); // prettier-ignore
    const feeds = { ...this.feeds, ids: batch.ids, positions: batch.positions, targets: batch.targets, weights, ...masks };
    const nll = new Float32Array(batch.counted.length);
    const into = { nll: float32(nll, [nll.length]), ...(firstRow === 0 && this.#gradients) };
    const outputs = await session.run(feeds, ['nll', ...Object.keys(this.#gradients)], into);
    if (firstRow > 0) {
      for (const name of this.optimizer.gradients.keys())
        this.optimizer.addGradient(name, outputs[gradientName(name)].data as Float32Array);
      if (this.#large) collectGarbage(); // the gradients that onnxruntime has copied, as many bytes as the weights
    }
    let sum = 0;
    for (let i = 0; i < nll.length; i++) if (batch.counted[i] > 0) sum += batch.counted[i] * nll[i];
    return sum;
  }

  async #session(time: number): Promise<{ readonly session: Session; readonly maskWidths: readonly number[][] }> {
    const known = this.#sessions.get(time);
    if (known !== undefined) return known;
    if (this.#large) collectGarbage(); // the start values, where nobody else holds them
    const { adapter, dropout, adapterDropout, threads, device } = this.options;
    const graph = trainingGraph(this.config, time, [...this.optimizer.weights.keys()], {
      dropout: dropout !== undefined,
      adapter,
      adapterDropout: adapterDropout !== undefined,
      frozen: this.#frozen,
      recompute: this.options.recompute,
      loss: this.options.loss,
    });
    const maskWidths = this.#masks.map(({ nameOf }) =>
      graph.inputs.filter(({ name }) => name.startsWith(nameOf(''))).map(({ shape }) => shape[1] as number),
    );
    const prepack = this.#frozen.stored === undefined;
    const session = await Session.create(graph, { threads, device, memory: this.#large ? 'kept' : 'planned', prepack });
    this.#sessions.set(time, { session, maskWidths });
    return { session, maskWidths };
  }

  async release(): Promise<void> {
    for (const { session } of this.#sessions.values()) await session.release();
    this.#sessions.clear();
  }
}
