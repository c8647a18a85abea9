/** Runs the graph: prompts in, scores out, step by step. One session, made when it is first needed, serves them all. */
import type { Device } from '../devices.js';
import { notFinite } from '../checkpoint/finite.js';
import type { Model } from '../checkpoint/huggingface.js';
import { makeBatch } from '../batch.js';
import { causalMatrix } from '../models/forward.js';
import { weightConstants } from '../models/weights.js';
import { float32, int32, Session, type Tensor } from '../session.js';
import { KeyValueCache } from './cache.js';
import { causalName, decoderGraph, headOutputs, isCache, maskName, newKeysName, newValuesName, TOTALS } from './graph.js';
import type { Scores, Strategy } from './types.js';

/** Prompts are read so many tokens at a time: enough rows for fast products, and no more memory than they need. */
const TOKENS_AT_ONCE = 1024;

/** An open session, and what its cache's inputs get where there is no cache. */
interface Open {
  readonly session: Session;
  readonly nothingCached: Readonly<Record<string, Tensor>>;
}

export class Decoder {
  #open: Promise<Open> | undefined;
  readonly #cache: KeyValueCache;
  readonly #widths: readonly number[];
  /** sliding windows that are shorter than the longest sequence */
  readonly #windows: readonly number[];
  readonly #outputs: readonly string[];

  /** @param positions no sequence will be longer: tables of positions have so many rows, whatever the model could read */
  constructor(
    readonly model: Model,
    readonly strategy: Pick<Strategy, 'layout' | 'width' | 'head'>,
    readonly threads: number,
    readonly device?: Device,
    readonly positions = model.config.maxPositions,
  ) {
    const { layout, width, head } = strategy;
    const { layers } = model.config;
    this.#windows = [...new Set(model.config.windows)].filter((window) => window !== undefined && window < positions) as number[];
    this.#cache = new KeyValueCache(layers, layout, this.#windows);
    // A chain without any draft is one token long; a branch for every length would be too many.
    this.#widths = layout === 'chain' && width > 1 ? [1, width] : [width];
    const cached = Array.from({ length: layers }, (_, layer) => [newKeysName(layer), newValuesName(layer)]);
    this.#outputs = [...headOutputs(head), ...cached.flat()];
  }

  /** The least number of tokens that `write` can add to every prompt where one has so many. */
  widthFor(tokens: number): number {
    return this.#widths.find((width) => width >= tokens)!;
  }

  /**
   * The cache for `read` and `write`, emptied.
   * @param newTokens how many tokens a sequence will get at most
   * @param places how many prompts it will hold at most
   */
  emptyCache(newTokens: number, places: number): KeyValueCache {
    this.#cache.clear(newTokens, places);
    return this.#cache;
  }

  /** Reads prompts of at least one token each into the cache; returns, for each of them, the scores of its first new token. */
  async read(cache: KeyValueCache, prompts: readonly Int32Array[]): Promise<Scores[]> {
    const { config } = this.model;
    const { session, nothingCached } = await this.#session();
    const time = Math.max(...prompts.map((prompt) => prompt.length));
    const count = Math.max(1, Math.floor(TOKENS_AT_ONCE / time));
    const causal = this.#masks(causalName, (window) => float32(causalMatrix(time, window), [time, time]));
    const scores: Scores[] = [];
    for (let start = 0; start < prompts.length; start += count) {
      const some = prompts.slice(start, start + count);
      const { ids, positions } = makeBatch(some, { time, paddingId: config.paddingId });
      const feeds = {
        ...nothingCached,
        ids,
        positions,
        width: int32(Int32Array.of(0), []),
        last: int32(
          Int32Array.from(some, (prompt, b) => b * time + prompt.length - 1),
          [some.length],
        ),
        ...causal,
        ...this.#masks(maskName, () => float32(new Float32Array(0), [some.length, 1, time, 0])),
      };
      const outputs = await session.run(feeds, this.#outputs);
      cache.add(
        some.map((prompt) => prompt.length),
        time,
        outputs,
      );
      scores.push(...(await this.#split(outputs, some.length, 1)));
    }
    return scores;
  }

  /**
   * Runs a step that the cache has reserved slots for.
   * @param tokens (B, width)
   * @returns [prompt]: the scores of what follows each of its tokens
   */
  async write(cache: KeyValueCache, tokens: Int32Array, width: number): Promise<Scores[]> {
    const { session } = await this.#session();
    const rows = cache.size;
    const feeds = {
      ...cache.feeds(this.positions),
      ids: int32(tokens, [rows, width]),
      width: int32(Int32Array.of(width), []),
      last: int32(
        Int32Array.from({ length: rows * width }, (_, i) => i),
        [rows * width],
      ),
      ...this.#masks(causalName, () => float32(new Float32Array(width * width), [width, width])),
    };
    const outputs = await session.run(feeds, this.#outputs);
    cache.store(outputs);
    return this.#split(outputs, rows, width);
  }

  /** One input for layers that see everything, and one for each window. */
  #masks(nameOf: (window?: number) => string, make: (window?: number) => Tensor): Record<string, Tensor> {
    return Object.fromEntries([undefined, ...this.#windows].map((window) => [nameOf(window), make(window)]));
  }

  #session(): Promise<Open> {
    return (this.#open ??= this.#create());
  }

  /** The graph carries the weights: packing matrices anew at every token would cost as much as multiplying them. */
  async #create(): Promise<Open> {
    const { config, weights, stored, adapter } = this.model;
    const { layout, head } = this.strategy;
    const graph = decoderGraph(
      config,
      this.#widths,
      layout,
      head,
      (g) => weightConstants(g, weights, stored),
      adapter,
      this.positions,
    );
    const nothingCached: Record<string, Tensor> = {};
    for (const { name, shape } of graph.inputs.filter(isCache)) {
      const [, heads, , headSize] = shape as number[];
      nothingCached[name] = float32(new Float32Array(0), [1, heads, 0, headSize]);
    }
    const session = await Session.create(graph, { threads: this.threads, device: this.device, mapConstants: true });
    return { session, nothingCached };
  }

  /**
   * The head's outputs (rows·sequences, count), prompt by prompt.
   * @throws HabsburgError `verification` where a logit is not finite
   */
  async #split(outputs: Readonly<Record<string, Tensor>>, rows: number, sequences: number): Promise<Scores[]> {
    if (!(outputs[TOTALS].data as Float32Array).every(Number.isFinite)) throw await notFinite(this.model, "the model's logits");
    const values = outputs.scores.data as Float32Array;
    const ids = outputs.candidates?.data as Int32Array | undefined;
    const size = values.length / rows;
    return Array.from({ length: rows }, (_, b) => ({
      sequences,
      count: size / sequences,
      values: values.subarray(b * size, (b + 1) * size),
      ids: ids?.subarray(b * size, (b + 1) * size),
    }));
  }

  async release(): Promise<void> {
    const open = await this.#open;
    this.#open = undefined;
    await open?.session.release();
  }
}
