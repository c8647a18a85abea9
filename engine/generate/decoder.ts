/**
 * Runs the two graphs: prompts in, scores out, token by token. Sessions are made once and stay open. The step graph carries the
 * weights, since with few rows packing matrices anew at every token would cost as much as multiplying them; prefill is fed them.
 */
import type { Model } from '../checkpoint/huggingface.js';
import { makeBatch } from '../batch.js';
import { weightConstants, weightFeeds, weightInputs } from '../models/weights.js';
import { int32, Session, type Tensor } from '../session.js';
import { KeyValueCache } from './cache.js';
import { headOutputs, newKeysName, newValuesName, prefillGraph, stepGraph } from './graphs.js';
import type { Head, Scores } from './types.js';

/** Prompts are padded to a multiple of this, so that ragged prompts share a few graphs. */
const LENGTH_STEP = 16;

export class Decoder {
  readonly #prefill = new Map<number, Session>();
  #step: Session | undefined;
  readonly #weights: Record<string, Tensor>;
  readonly #cacheOutputs: readonly string[];
  readonly #head: readonly string[];

  constructor(
    readonly model: Model,
    readonly width: number,
    readonly head: Head,
    readonly threads: number,
  ) {
    this.#weights = weightFeeds(model.weights);
    this.#head = headOutputs(head);
    this.#cacheOutputs = Array.from({ length: model.config.layers }, (_, layer) => [
      newKeysName(layer),
      newValuesName(layer),
    ]).flat();
  }

  /**
   * Reads prompts of at least one token each; returns their cache and, for each prompt, the scores of its first new token.
   * @param newTokens how many tokens a sequence will get at most
   */
  async read(prompts: readonly Int32Array[], newTokens: number): Promise<{ cache: KeyValueCache; scores: Scores[] }> {
    const { config } = this.model;
    const longest = Math.max(...prompts.map((prompt) => prompt.length));
    const time = Math.min(config.maxPositions, Math.ceil(longest / LENGTH_STEP) * LENGTH_STEP);
    const { ids, positions } = makeBatch(prompts, { time, paddingId: config.paddingId });
    const last = int32(
      Int32Array.from(prompts, (prompt, b) => b * time + prompt.length - 1),
      [prompts.length],
    );
    let session = this.#prefill.get(time);
    if (session === undefined) {
      const graph = prefillGraph(config, time, this.head, (g) => weightInputs(g, config));
      session = await Session.create(graph, { threads: this.threads });
      this.#prefill.set(time, session);
    }
    const outputs = await session.run({ ...this.#weights, ids, positions, last }, [...this.#head, ...this.#cacheOutputs]);
    const lengths = prompts.map((prompt) => prompt.length);
    return {
      cache: new KeyValueCache(lengths, time, this.width, config.layers, outputs, newTokens),
      scores: this.#split(outputs, prompts.length, 1),
    };
  }

  /**
   * Adds a token to every sequence.
   * @param tokens (B, width)
   * @param written new tokens each sequence had before this one
   */
  async write(cache: KeyValueCache, tokens: Int32Array, written: number): Promise<Scores[]> {
    const rows = cache.lengths.length;
    this.#step ??= await Session.create(
      stepGraph(this.model.config, this.width, this.head, (g) => weightConstants(g, this.model.weights)),
      { threads: this.threads, mapConstants: true },
    );
    const positions = new Int32Array(rows * this.width);
    cache.lengths.forEach((length, b) => positions.fill(length + written, b * this.width, (b + 1) * this.width));
    const shape = [rows, this.width];
    const feeds = { ...cache.feeds(), ids: int32(tokens, shape), positions: int32(positions, shape) };
    const outputs = await this.#step.run(feeds, [...this.#head, ...this.#cacheOutputs]);
    cache.store(outputs);
    return this.#split(outputs, rows, this.width);
  }

  /** The head's outputs (rows·sequences, count), prompt by prompt. */
  #split(outputs: Readonly<Record<string, Tensor>>, rows: number, sequences: number): Scores[] {
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
    for (const session of this.#prefill.values()) await session.release();
    this.#prefill.clear();
    await this.#step?.release();
    this.#step = undefined;
  }
}
