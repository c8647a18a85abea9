/** Log-likelihoods of token rows under a model: what perplexity is made of. */
import { HabsburgError } from '../common/errors.js';
import type { Device } from '../spec/devices.js';
import type { Lora } from './adapters/lora.js';
import { IGNORED } from '../common/labels.js';
import { longestRow, makeBatch, paddedLength } from './batch.js';
import { notFinite } from './checkpoint/finite.js';
import type { FrozenParts, Model } from './checkpoint/huggingface.js';
import type { DecoderConfig } from './models/types.js';
import { modelFeeds } from './models/weights.js';
import { residentFeeds } from './resident.js';
import { isLarge, Session, type Tensor } from './session.js';
import { scoringGraph } from './train/graph.js';

export interface RowScore {
  /** Σ −log p(token | tokens before it), nats, over every token but the first, or those that labels leave */
  readonly nllSum: number;
  /** tokens in that sum: the row's length − 1, or fewer with labels */
  readonly tokenCount: number;
  /** where end tokens were named: the part of both whose target is one */
  readonly ends?: { readonly nllSum: number; readonly tokenCount: number };
}

/** Logits held at a time, in numbers: 128 MiB. */
const MAX_LOGITS = 2 ** 25;
const MAX_BATCH = 64;

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
  readonly #sessions = new Map<number, Session>();

  /** @param feeds the weights, an adapter's too, as a session takes them (weightFeeds); read in place at every call */
  constructor(
    readonly config: DecoderConfig,
    readonly feeds: Readonly<Record<string, Tensor>>,
    readonly options: {
      readonly threads: number;
      readonly device?: Device;
      readonly batch?: number;
      readonly adapter?: Lora;
      readonly frozen?: FrozenParts;
      /** targets that are summed once more for themselves */
      readonly endTokens?: readonly number[];
    },
  ) {}

  /**
   * One score a row, in order. A row's score depends on the other rows at most in the last bits.
   * @param labels one a token: what is scored in its place, and not at all where IGNORED; default: every token
   */
  async score(rows: readonly Int32Array[], labels?: readonly Int32Array[]): Promise<RowScore[]> {
    checkRows(rows, this.config);
    checkLabels(rows, labels, this.config);
    const nothing = { nllSum: 0, tokenCount: 0 };
    const scores: RowScore[] = rows.map(() => (this.options.endTokens ? { ...nothing, ends: nothing } : nothing));
    for (const [time, members] of this.#byPaddedLength(rows)) {
      const size =
        this.options.batch ?? Math.max(1, Math.min(MAX_BATCH, Math.floor(MAX_LOGITS / (time * this.config.vocabularySize))));
      for (let from = 0; from < members.length; from += size) {
        const chunk = members.slice(from, from + size);
        const scored = await this.#run(chunk.map((i) => rows[i]), time, labels && chunk.map((i) => labels[i])); // prettier-ignore
        scored.forEach((score, k) => (scores[chunk[k]] = score));
      }
    }
    return scores;
  }

  /** Row numbers by padded length, shortest first; rows without a target are left out. */
  #byPaddedLength(rows: readonly Int32Array[]): [number, number[]][] {
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

  async #run(rows: readonly Int32Array[], time: number, labels?: readonly Int32Array[]): Promise<RowScore[]> {
    const batch = makeBatch(rows, { time, paddingId: this.config.paddingId, labels });
    const session = await this.#session(time);
    const { nll } = await session.run({ ...this.feeds, ids: batch.ids, positions: batch.positions, targets: batch.targets }, [
      'nll',
    ]);
    const values = nll.data as Float32Array;
    const { endTokens } = this.options;
    const targets = batch.targets.data;
    return rows.map((row, b) => {
      let nllSum = 0;
      let tokenCount = 0;
      const ends = { nllSum: 0, tokenCount: 0 };
      for (let t = b * time; t < b * time + row.length - 1; t++) {
        if (batch.counted[t] === 0) continue;
        nllSum += values[t];
        tokenCount++;
        if (!endTokens?.includes(Number(targets[t]))) continue;
        ends.nllSum += values[t];
        ends.tokenCount++;
      }
      return endTokens ? { nllSum, tokenCount, ends } : { nllSum, tokenCount };
    });
  }

  async #session(time: number): Promise<Session> {
    const session =
      this.#sessions.get(time) ??
      (await Session.create(scoringGraph(this.config, time, this.options.adapter, this.options.frozen), {
        threads: this.options.threads,
        device: this.options.device,
        memory: isLarge(this.feeds, this.options.frozen?.stored) ? 'returned' : 'planned',
        prepack: this.options.frozen?.stored === undefined,
      }));
    this.#sessions.set(time, session);
    return session;
  }

  async release(): Promise<void> {
    for (const session of this.#sessions.values()) await session.release();
    this.#sessions.clear();
  }
}

/**
 * Scores rows under a model.
 * @throws HabsburgError `invalid` for rows or labels that do not fit the model, `verification` where a score is no finite number
 * @param options.rows token ids; a row of one token has nothing to predict: count 0
 * @param options.labels as Scorer.score takes them
 * @param options.batch rows at a time; default: as many as 128 MiB of logits allow
 * @param options.endTokens targets that are summed once more for themselves
 */
export async function scoreRows(options: {
  readonly model: Model;
  readonly rows: readonly Int32Array[];
  readonly labels?: readonly Int32Array[];
  readonly threads: number;
  readonly device?: Device;
  readonly batch?: number;
  readonly endTokens?: readonly number[];
}): Promise<RowScore[]> {
  const { model, rows, labels, threads, device, batch, endTokens } = options;
  const weights = await residentFeeds(modelFeeds(model), device);
  const scorer = new Scorer(model.config, weights.feeds, { threads, device, batch, frozen: model, endTokens });
  try {
    const scores = await scorer.score(rows, labels);
    const bad = scores.findIndex(({ nllSum }) => !Number.isFinite(nllSum));
    if (bad >= 0) throw await notFinite(model, `the log-likelihoods of row ${bad}`);
    return scores;
  } finally {
    await scorer.release();
    await weights.release();
  }
}
