/** Rows of token ids as the rectangular inputs of a graph: padded on the right, positions counted, targets shifted and masked. */
import { IGNORED } from '../common/labels.js';
import { int32, type Tensor } from './session.js';

export interface Batch {
  readonly rows: number;
  /** T, the longest row */
  readonly time: number;
  /** (B, T) token ids; padding holds `paddingId` */
  readonly ids: Tensor;
  /** (B, T) 0, 1, 2 …; -1 where padded */
  readonly positions: Tensor;
  /** (B·T) the next token, 0 where there is none to predict */
  readonly targets: Tensor;
  /** (B·T) what a target counts for: its row's weight, 0 where there is none: -100 never reaches the graph */
  readonly counted: Float32Array;
  /** the sum of these */
  readonly targetCount: number;
}

/**
 * @param rows token ids, each row of at least one token
 * @param options.time pad to so many tokens (default: the longest row)
 * @param options.labels one label a token, as transformers takes them (shifted here; IGNORED: not predicted); default: the ids
 * @param options.weights what the targets of a row count for; default: 1
 */
export function makeBatch(
  rows: readonly Int32Array[],
  options: {
    readonly time?: number;
    readonly paddingId?: number;
    readonly labels?: readonly Int32Array[];
    readonly weights?: readonly number[];
  } = {},
): Batch {
  const time = options.time ?? Math.max(1, longestRow(rows));
  const cells = rows.length * time;
  const ids = new Int32Array(cells).fill(options.paddingId ?? 0);
  const positions = new Int32Array(cells).fill(-1);
  const targets = new Int32Array(cells);
  const counted = new Float32Array(cells);
  let targetCount = 0;
  rows.forEach((row, b) => {
    if (row.length > time) throw new Error(`internal: a row of ${row.length} tokens in a batch of ${time}`);
    const labels = options.labels?.[b] ?? row;
    const weight = options.weights?.[b] ?? 1;
    ids.set(row, b * time);
    for (let t = 0; t < row.length; t++) positions[b * time + t] = t;
    for (let t = 0; t + 1 < row.length; t++) {
      if (labels[t + 1] === IGNORED) continue;
      targets[b * time + t] = labels[t + 1];
      counted[b * time + t] = weight;
      targetCount += weight;
    }
  });
  const shape = [rows.length, time];
  return {
    rows: rows.length,
    time,
    ids: int32(ids, shape),
    positions: int32(positions, shape),
    targets: int32(targets, [cells]),
    counted,
    targetCount,
  };
}

/** Tokens of the longest row; 0 for no rows. */
export function longestRow(rows: readonly Int32Array[]): number {
  return rows.reduce((longest, row) => Math.max(longest, row.length), 0);
}

/** Ragged rows are padded up to multiples of this, so that a few graphs serve every length. */
const LENGTH_STEP = 16;

/** The length that rows of up to `length` tokens are padded to, in data whose longest row has `longest`. */
export function paddedLength(length: number, longest: number): number {
  return Math.min(longest, Math.ceil(length / LENGTH_STEP) * LENGTH_STEP);
}
