/** Rows of token ids through a graph of whole sequences: batches of rows of similar length, one session a length. */
import type { Device } from './devices.js';
import { longestRow, makeBatch, paddedLength, type Batch } from './batch.js';
import type { Graph } from './graph/graph.js';
import type { DecoderConfig } from './models/types.js';
import { Session, type Tensor } from './session.js';

/** Logits held at a time, in numbers: 128 MiB. */
const MAX_LOGITS = 2 ** 25;
const MAX_BATCH = 64;

export interface RowBatchOptions {
  readonly threads: number;
  readonly device?: Device;
  /** rows at a time; default: as many as 128 MiB of logits allow */
  readonly batch?: number;
  /** as Session.create takes it */
  readonly memory: 'planned' | 'returned';
  readonly prepack: boolean;
}

/** A batch of rows, and what the graph gave for it. */
export interface RowBatch {
  readonly batch: Batch;
  /** of each of its rows, its number among all */
  readonly members: readonly number[];
  readonly outputs: Readonly<Record<string, Tensor>>;
}

interface Opened {
  readonly session: Session;
  /** names */
  readonly inputs: ReadonlySet<string>;
}

/** Sessions stay open between calls, and changed weights are seen. */
export class RowBatches {
  readonly #sessions = new Map<number, Opened>();

  /**
   * @param feeds the weights, as a session takes them; read in place at every call
   * @param graphFor the graph for rows padded to a length: inputs `ids`, `positions` (B, T), `targets` (B·T), those that it asks for, and weights
   */
  constructor(
    readonly config: Pick<DecoderConfig, 'vocabularySize' | 'paddingId'>,
    readonly feeds: Readonly<Record<string, Tensor>>,
    readonly graphFor: (time: number) => Graph,
    readonly outputs: readonly string[],
    readonly options: RowBatchOptions,
  ) {}

  /**
   * Batches in the order of their lengths; rows of one token, which have no target, are in none.
   * @param labels one a token, as makeBatch takes them
   */
  async *over(rows: readonly Int32Array[], labels?: readonly Int32Array[]): AsyncGenerator<RowBatch, void, undefined> {
    for (const [time, all] of byPaddedLength(rows)) {
      const size =
        this.options.batch ?? Math.max(1, Math.min(MAX_BATCH, Math.floor(MAX_LOGITS / (time * this.config.vocabularySize))));
      for (let from = 0; from < all.length; from += size) {
        const members = all.slice(from, from + size);
        const batch = makeBatch(
          members.map((i) => rows[i]),
          { time, paddingId: this.config.paddingId, labels: labels && members.map((i) => labels[i]) },
        );
        const { session, inputs } = await this.#session(time);
        const { ids, positions, targets } = batch;
        const given = Object.entries({ ...this.feeds, ids, positions, targets }).filter(([name]) => inputs.has(name));
        yield { batch, members, outputs: await session.run(Object.fromEntries(given), this.outputs) };
      }
    }
  }

  async #session(time: number): Promise<Opened> {
    const known = this.#sessions.get(time);
    if (known !== undefined) return known;
    const graph = this.graphFor(time);
    const session = await Session.create(graph, this.options);
    const opened = { session, inputs: new Set(graph.inputs.map(({ name }) => name)) };
    this.#sessions.set(time, opened);
    return opened;
  }

  async release(): Promise<void> {
    for (const { session } of this.#sessions.values()) await session.release();
    this.#sessions.clear();
  }
}

/** Row numbers by padded length, shortest first; rows without a target are left out. */
function byPaddedLength(rows: readonly Int32Array[]): [number, number[]][] {
  const groups = new Map<number, number[]>();
  const longest = longestRow(rows);
  rows.forEach((row, i) => {
    if (row.length < 2) return;
    const time = paddedLength(row.length, longest);
    const group = groups.get(time);
    if (group === undefined) groups.set(time, [i]);
    else group.push(i);
  });
  return [...groups].sort(([a], [b]) => a - b);
}
