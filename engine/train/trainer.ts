/** One model in training: the optimiser's memories, the graphs for each row length, and the optimiser step. */
import type { CounterRng } from '../../common/philox.js';
import { longestRow, makeBatch, paddedLength, type Batch } from '../batch.js';
import type { Model } from '../checkpoint/huggingface.js';
import { weightFeeds } from '../models/weights.js';
import { float32, isLarge, Session, type Tensor } from '../session.js';
import { AdamW, type AdamWSettings } from './adamw.js';
import { DropoutMasks, dropoutName } from './dropout.js';
import { gradientName, trainingGraph } from './graph.js';

export interface StepResult {
  /** Σ nll over the step's targets, nats */
  readonly nllSum: number;
  readonly targetCount: number;
  /** global gradient norm before clipping */
  readonly gradientNorm: number;
}

export class Trainer {
  readonly optimizer: AdamW;
  /** the weights as a session's feeds: views that follow every step */
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly #sessions = new Map<number, { readonly session: Session; readonly dropoutSites: number }>();
  readonly #masks?: DropoutMasks;
  readonly #gradients: Readonly<Record<string, Tensor>>;

  /**
   * @param options.longest tokens of the longest row to come; shorter rows are padded to a few lengths below it
   * @param options.dropout share of the layers' outputs that is dropped, in (0, 1), and the stream that says which; absent: none
   */
  constructor(
    readonly model: Model,
    readonly options: AdamWSettings & {
      readonly threads: number;
      readonly longest: number;
      readonly dropout?: { readonly rate: number; readonly rng: CounterRng };
    },
  ) {
    if (options.dropout !== undefined)
      this.#masks = new DropoutMasks(options.dropout.rng, options.dropout.rate, model.config.hiddenSize);
    this.optimizer = new AdamW(model.weights, options);
    this.feeds = weightFeeds(this.optimizer.weights);
    this.#gradients = Object.fromEntries(
      [...this.optimizer.gradients].map(([name, { shape, data }]) => [gradientName(name), float32(data, shape)]),
    );
  }

  /**
   * One optimiser step on the mean loss over all targets of the micro-batches together, so that how rows are split into
   * micro-batches changes rounding only.
   * @param labels per micro-batch and row, with IGNORED for what is not to be predicted; default: every token
   */
  async step(
    microBatches: readonly (readonly Int32Array[])[],
    learningRate: number,
    labels?: readonly (readonly Int32Array[])[],
  ): Promise<StepResult> {
    const batches = microBatches.map((rows, i) =>
      makeBatch(rows, {
        time: paddedLength(longestRow(rows), this.options.longest),
        paddingId: this.model.config.paddingId,
        labels: labels?.[i],
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

  /** Leaves (the step's first rows) or adds the gradient of Σ nll / targetCount; returns the batch's Σ nll. */
  async #accumulate(batch: Batch, targetCount: number, firstRow: number): Promise<number> {
    const { session, dropoutSites } = await this.#session(batch.time);
    const masks = this.#masks?.fill(dropoutSites, this.optimizer.steps, firstRow, batch.rows, batch.time);
    const weights = float32(Float32Array.from(batch.counted, (counted) => counted / targetCount), [batch.counted.length, 1]); // prettier-ignore
    const feeds = { ...this.feeds, ids: batch.ids, positions: batch.positions, targets: batch.targets, weights, ...masks };
    const outputs = await session.run(feeds, ['nll', ...Object.keys(this.#gradients)], firstRow === 0 ? this.#gradients : {});
    if (firstRow > 0)
      for (const name of this.optimizer.gradients.keys())
        this.optimizer.addGradient(name, outputs[gradientName(name)].data as Float32Array);
    const nll = outputs.nll.data as Float32Array;
    let sum = 0;
    for (let i = 0; i < nll.length; i++) if (batch.counted[i] === 1) sum += nll[i];
    return sum;
  }

  async #session(time: number): Promise<{ readonly session: Session; readonly dropoutSites: number }> {
    const known = this.#sessions.get(time);
    if (known !== undefined) return known;
    const graph = trainingGraph(this.model.config, time, [...this.optimizer.weights.keys()], {
      dropout: this.#masks !== undefined,
    });
    const dropoutSites = graph.inputs.filter(({ name }) => name.startsWith(dropoutName(''))).length;
    const session = await Session.create(graph, { threads: this.options.threads, keepMemory: !isLarge(this.feeds) });
    this.#sessions.set(time, { session, dropoutSites });
    return { session, dropoutSites };
  }

  async release(): Promise<void> {
    for (const { session } of this.#sessions.values()) await session.release();
    this.#sessions.clear();
  }
}
