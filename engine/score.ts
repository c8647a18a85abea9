/** Log-likelihoods of token rows under a model: what perplexity is made of. */
import { HabsburgError } from '../common/errors.js';
import type { Device } from './devices.js';
import type { Lora } from './adapters/lora.js';
import { IGNORED } from '../common/labels.js';
import type { Batch } from './batch.js';
import { notFinite } from './checkpoint/finite.js';
import type { FrozenParts, Model } from './checkpoint/huggingface.js';
import type { DecoderConfig } from './models/types.js';
import { modelFeeds } from './models/weights.js';
import { residentFeeds } from './resident.js';
import { RowBatches, type RowBatchOptions } from './row-batches.js';
import { isLarge, type Tensor } from './session.js';
import { scoringGraph } from './train/graph.js';

export interface RowScore {
  /** Σ −log p(token | tokens before it), nats, over every token but the first, or those that labels leave */
  readonly nllSum: number;
  /** tokens in that sum: the row's length − 1, or fewer with labels */
  readonly tokenCount: number;
  /** where end tokens were named: the part of both whose target is one */
  readonly ends?: { readonly nllSum: number; readonly tokenCount: number };
}

type Writable<T> = { -readonly [K in keyof T]: T[K] extends object | undefined ? Writable<T[K]> : T[K] };

/** Scores of other things than rows, as of records that windows go over. */
export interface ScoreParts {
  /** how many scores there are */
  readonly count: number;
  /** of each row: of every token that counts, in order, the score that it is added to */
  readonly owners: readonly Int32Array[];
}

/** @throws HabsburgError `invalid` naming the row that is too long for the model or holds an id outside its vocabulary */
export function checkRows(rows: readonly Int32Array[], config: DecoderConfig): void {
  rows.forEach((row, i) => {
    if (row.length > config.maxPositions) {
      throw new HabsburgError(
        'invalid',
        `row ${i} has ${row.length} tokens, the model reads at most ${config.maxPositions}; cut the text into shorter blocks`,
      );
    }
    const bad = row.find((id) => id < 0 || id >= config.vocabularySize);
    if (bad !== undefined) {
      throw new HabsburgError(
        'invalid',
        `row ${i} holds the token id ${bad}, the model knows 0 to ${config.vocabularySize - 1}; was it made with another tokenizer?`,
      );
    }
  });
}

/** @throws HabsburgError `invalid` naming the row whose labels are not one a token, or no token ids */
export function checkLabels(
  rows: readonly Int32Array[],
  labels: readonly Int32Array[] | undefined,
  { vocabularySize }: DecoderConfig,
  what = 'row',
): void {
  if (labels === undefined) return;
  if (labels.length !== rows.length) throw new Error(`internal: ${labels.length} rows of labels for ${rows.length} rows`);
  rows.forEach((row, i) => {
    if (labels[i].length !== row.length)
      throw new HabsburgError(
        'invalid',
        `${what} ${i} has ${row.length} tokens and ${labels[i].length} labels; give one a token`,
      );
    const bad = labels[i].find((label) => label !== IGNORED && (label < 0 || label >= vocabularySize));
    if (bad !== undefined)
      throw new HabsburgError(
        'invalid',
        `${what} ${i} has the label ${bad}; a label is a token id from 0 to ${vocabularySize - 1}, or ${IGNORED}`,
      );
  });
}

/** Scores rows with one set of weights; sessions stay open between calls, and changed weights are seen. */
export class Scorer {
  readonly #batches: RowBatches;

  /** @param feeds the weights, an adapter's too, as a session takes them (weightFeeds); read in place at every call */
  constructor(
    readonly config: DecoderConfig,
    feeds: Readonly<Record<string, Tensor>>,
    readonly options: {
      readonly threads: number;
      readonly device?: Device;
      readonly batch?: number;
      readonly adapter?: Lora;
      readonly frozen?: FrozenParts;
      /** targets that are summed once more for themselves */
      readonly endTokens?: readonly number[];
    },
  ) {
    const { adapter, frozen } = options;
    const graphFor = (time: number) => scoringGraph(config, time, adapter, frozen);
    this.#batches = new RowBatches(config, feeds, graphFor, ['nll'], { ...options, ...sessionOf(feeds, frozen) });
  }

  /**
   * One score a row, in order. A row's score depends on the other rows at most in the last bits.
   * @param labels one a token: what is scored in its place, and not at all where IGNORED; default: every token
   * @param parts which score the tokens of a row belong to, where that is not the row's own
   */
  async score(rows: readonly Int32Array[], labels?: readonly Int32Array[], parts?: ScoreParts): Promise<RowScore[]> {
    checkRows(rows, this.config);
    checkLabels(rows, labels, this.config);
    const { endTokens } = this.options;
    const none = () => ({ nllSum: 0, tokenCount: 0 });
    const scores = Array.from({ length: parts?.count ?? rows.length }, () =>
      endTokens ? { ...none(), ends: none() } : none(),
    ) as Writable<RowScore>[];
    for await (const { batch, members, outputs } of this.#batches.over(rows, labels))
      members.forEach((i, b) => {
        const owners = parts?.owners[i];
        let k = 0;
        for (const { nll, target } of targetsOf(batch, b, outputs.nll.data as Float32Array, rows[i].length)) {
          const score = scores[owners ? owners[k++] : i];
          score.nllSum += nll;
          score.tokenCount++;
          if (!endTokens?.includes(target)) continue;
          score.ends!.nllSum += nll;
          score.ends!.tokenCount++;
        }
      });
    return scores;
  }

  async release(): Promise<void> {
    await this.#batches.release();
  }
}

/** The tokens of the batch's row b that count, in order. @param length of the row */
function* targetsOf({ time, counted, targets }: Batch, b: number, nll: Float32Array, length: number) {
  for (let t = b * time; t < b * time + length - 1; t++)
    if (counted[t] !== 0) yield { nll: nll[t], target: Number(targets.data[t]) };
}

/** How sessions of these weights are opened. */
export function sessionOf(
  feeds: Readonly<Record<string, Tensor>>,
  frozen?: FrozenParts,
): Pick<RowBatchOptions, 'memory' | 'prepack'> {
  return { memory: isLarge(feeds, frozen?.stored) ? 'returned' : 'planned', prepack: frozen?.stored === undefined };
}

/**
 * Scores rows under a model.
 * @throws HabsburgError `invalid` for rows or labels that do not fit the model, `verification` where a score is no finite number
 * @param options.rows token ids; a row of one token has nothing to predict: count 0
 * @param options.labels, options.parts as Scorer.score takes them
 * @param options.batch rows at a time; default: as many as 128 MiB of logits allow
 * @param options.endTokens targets that are summed once more for themselves
 */
export async function scoreRows(options: {
  readonly model: Model;
  readonly rows: readonly Int32Array[];
  readonly labels?: readonly Int32Array[];
  readonly parts?: ScoreParts;
  readonly threads: number;
  readonly device?: Device;
  readonly batch?: number;
  readonly endTokens?: readonly number[];
}): Promise<RowScore[]> {
  const { model, rows, labels, parts, threads, device, batch, endTokens } = options;
  const weights = await residentFeeds(modelFeeds(model), device);
  const scorer = new Scorer(model.config, weights.feeds, { threads, device, batch, frozen: model, endTokens });
  try {
    const scores = await scorer.score(rows, labels, parts);
    const bad = scores.findIndex(({ nllSum }) => !Number.isFinite(nllSum));
    if (bad >= 0) throw await notFinite(model, `the log-likelihoods of ${parts ? 'record' : 'row'} ${bad}`);
    return scores;
  } finally {
    await scorer.release();
    await weights.release();
  }
}
