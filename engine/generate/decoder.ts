/**
 * Runs the two graphs: prompts in, scores out, step by step. Sessions are made once and stay open. The step graph carries the
 * weights, since with few rows packing matrices anew at every token would cost as much as multiplying them; prefill is fed them.
 */
import type { Device } from '../../spec/devices.js';
import type { Model } from '../checkpoint/huggingface.js';
import { makeBatch } from '../batch.js';
import { modelFeeds, weightConstants, weightInputs } from '../models/weights.js';
import { residentFeeds, type ResidentFeeds } from '../resident.js';
import { int32, Session, type Tensor } from '../session.js';
import { KeyValueCache } from './cache.js';
import { headOutputs, newKeysName, newValuesName, prefillGraph, stepGraph } from './graphs.js';
import type { Head, Layout, Scores } from './types.js';

/** Prompts are padded to a multiple of this, so that ragged prompts share a few graphs. */
const LENGTH_STEP = 16;

export class Decoder {
  readonly #prefill = new Map<number, Session>();
  readonly #steps = new Map<number, Session>();
  readonly #cache: KeyValueCache;
  #weights: ResidentFeeds | undefined;
  readonly #cacheOutputs: readonly string[];
  readonly #head: readonly string[];

  constructor(
    readonly model: Model,
    readonly layout: Layout,
    readonly head: Head,
    readonly threads: number,
    readonly device?: Device,
  ) {
    this.#cache = new KeyValueCache(model.config.layers, layout);
    this.#head = headOutputs(head);
    this.#cacheOutputs = Array.from({ length: model.config.layers }, (_, layer) => [
      newKeysName(layer),
      newValuesName(layer),
    ]).flat();
  }

  /**
   * The cache for `read` and `write`, emptied.
   * @param newTokens how many tokens a sequence will get at most
   */
  emptyCache(newTokens: number): KeyValueCache {
    this.#cache.clear(newTokens);
    return this.#cache;
  }

  /** Reads prompts of at least one token each into the cache; returns, for each of them, the scores of its first new token. */
  async read(cache: KeyValueCache, prompts: readonly Int32Array[]): Promise<Scores[]> {
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
      const { stored, adapter } = this.model;
      const graph = prefillGraph(config, time, this.head, (g) => weightInputs(g, config, stored), adapter);
      session = await Session.create(graph, { threads: this.threads, device: this.device, prepack: stored === undefined });
      this.#prefill.set(time, session);
    }
    this.#weights ??= await residentFeeds(modelFeeds(this.model), this.device);
    const outputs = await session.run({ ...this.#weights.feeds, ids, positions, last }, [...this.#head, ...this.#cacheOutputs]);
    cache.add(
      prompts.map((prompt) => prompt.length),
      time,
      outputs,
    );
    return this.#split(outputs, prompts.length, 1);
  }

  /**
   * Runs a step that the cache has reserved slots for.
   * @param tokens (B, width)
   * @returns [prompt]: the scores of what follows each of its tokens
   */
  async write(cache: KeyValueCache, tokens: Int32Array, width: number): Promise<Scores[]> {
    const { config, weights, stored, adapter } = this.model;
    const rows = cache.size;
    let session = this.#steps.get(width);
    if (session === undefined) {
      const graph = stepGraph(config, width, this.layout, this.head, (g) => weightConstants(g, weights, stored), adapter);
      session = await Session.create(graph, { threads: this.threads, device: this.device, mapConstants: true });
      this.#steps.set(width, session);
    }
    const feeds = { ...cache.feeds(config.maxPositions), ids: int32(tokens, [rows, width]) };
    const outputs = await session.run(feeds, [...this.#head, ...this.#cacheOutputs]);
    cache.store(outputs);
    return this.#split(outputs, rows, width);
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
    for (const sessions of [this.#prefill, this.#steps]) {
      for (const session of sessions.values()) await session.release();
      sessions.clear();
    }
    await this.#weights?.release();
  }
}
