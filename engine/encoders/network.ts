/** What computes the last hidden states of an encoder's batches: its weights in a graph of ours, or an ONNX file that is given (onnx-file.ts). */
import { makeBatch } from '../batch.js';
import type { Weights } from '../checkpoint/safetensors.js';
import type { Device } from '../devices.js';
import { Graph } from '../graph/graph.js';
import type { Value } from '../graph/types.js';
import { MASKED } from '../models/forward.js';
import { weightFeeds } from '../models/weights.js';
import { float32, Session, type Tensor } from '../session.js';
import { encoderOf } from './index.js';
import type { EncoderConfig } from './types.js';

export interface NetworkOptions {
  readonly threads: number;
  readonly device?: Device;
}

export interface Network {
  /**
   * @param rows of at most `time` ids, to which all are padded
   * @param layers of states, behind the first so many: 0 to config.layers
   * @returns (B, T, hiddenSize) states, or where `gives` says so one vector a row, (B, …)
   */
  run(rows: readonly Int32Array[], time: number, layers: number, options: NetworkOptions): Promise<Float32Array>;
  /** known once it has run */
  readonly gives: 'states' | 'vectors';
  /** Gives back what runs have in common; it may run again. */
  release(): Promise<void>;
}

/** A graph for each length, since positions are constants of it. */
export class WeightsNetwork implements Network {
  readonly gives = 'states';
  #open?: { readonly name: string; readonly session: Session; readonly feeds: Readonly<Record<string, Tensor>> };

  constructor(
    readonly config: EncoderConfig,
    readonly weights: Weights,
  ) {}

  async run(rows: readonly Int32Array[], time: number, layers: number, options: NetworkOptions): Promise<Float32Array> {
    const { session, feeds } = await this.#at(time, layers, options);
    const { ids } = makeBatch(rows, { time, paddingId: this.config.paddingId });
    const inputs = { ...feeds, ids, mask: paddingMask(rows.map(({ length }) => length), time) }; // prettier-ignore
    return (await session.run(inputs, ['hidden'])).hidden.data as Float32Array;
  }

  async release(): Promise<void> {
    const { session } = this.#open ?? {};
    this.#open = undefined;
    await session?.release();
  }

  async #at(time: number, layers: number, { threads, device }: NetworkOptions) {
    const name = [time, layers, threads, device].join();
    if (this.#open?.name === name) return this.#open;
    await this.release();
    const session = await Session.create(this.#graph(time, layers), { threads, device, memory: 'returned' });
    return (this.#open = { name, session, feeds: weightFeeds(this.#weightsBelow(layers)) });
  }

  /** Those that the states behind the first layers depend on. */
  #weightsBelow(layers: number): Weights {
    const { parameters } = encoderOf(this.config.modelType);
    return new Map(parameters({ ...this.config, layers }).map(({ name }) => [name, this.weights.get(name)!]));
  }

  /** Inputs `ids` (B, T), `mask` (B, 1, 1, T) and the weights; output `hidden` (B·T, hiddenSize). */
  #graph(time: number, layers: number): Graph {
    const graph = new Graph();
    const values = new Map<string, Value>();
    const parameters = (name: string): Value => {
      const value = values.get(name) ?? graph.input(name, 'float32', this.weights.get(name)!.shape);
      values.set(name, value);
      return value;
    };
    const inputs = { ids: graph.input('ids', 'int32', ['B', time]), mask: graph.input('mask', 'float32', ['B', 1, 1, time]) };
    graph.output('hidden', encoderOf(this.config.modelType).hidden(graph, { ...this.config, layers }, parameters, inputs));
    return graph;
  }
}

/** (B, 1, 1, T), to be added to the scores of attention, for rows of so many tokens. */
export function paddingMask(lengths: readonly number[], time: number): Tensor {
  const mask = new Float32Array(lengths.length * time);
  lengths.forEach((length, b) => mask.fill(MASKED, b * time + length, (b + 1) * time));
  return float32(mask, [lengths.length, 1, 1, time]);
}
