/** Continues prompts, batch by batch: the generation loop, top to bottom. */
import type { CounterRng } from '../../common/philox.js';
import { HabsburgError } from '../../common/errors.js';
import type { DecodingPlan } from '../../spec/plan.js';
import type { Model } from '../checkpoint/huggingface.js';
import type { DecoderConfig } from '../models/types.js';
import { Decoder } from './decoder.js';
import { STRATEGIES } from './strategies/index.js';
import type { Strategy } from './types.js';

export interface GenerateProgress {
  /** prompts finished, of all (those before `startAt` count as finished) */
  readonly done: number;
  readonly total: number;
  /** new tokens a second over the batch that just ended */
  readonly tokensPerSecond: number;
}

export interface GenerateOptions {
  readonly model: Model;
  /** token ids, at least one each; lengths may differ */
  readonly prompts: readonly Int32Array[];
  readonly settings: DecodingPlan;
  /** a sequence ends behind one of these; none: every sequence gets maxNewTokens */
  readonly eosTokenId?: readonly number[];
  /** draws for prompt i and new token p come from (rowIndex(i), p) */
  readonly rng: CounterRng;
  /** default: the prompt's index */
  readonly rowIndex?: (index: number) => number;
  readonly threads: number;
  /** Receives the new tokens of prompts start, start + 1, …; generation goes on when it resolves. */
  readonly onBatch: (start: number, rows: Int32Array[]) => Promise<void>;
  /** index of the first prompt to continue: a multiple of settings.batch gives the batches of an uninterrupted call */
  readonly startAt?: number;
  readonly onProgress?: (progress: GenerateProgress) => void;
}

/**
 * Continues each prompt by the strategy of `settings`; batches of `settings.batch` prompts in order.
 * @throws HabsburgError `invalid` naming the prompt that is empty, too long for the model, or holds an unknown token id
 */
export async function generateRows(options: GenerateOptions): Promise<void> {
  const { model, prompts, settings, onBatch, rowIndex = (i) => i } = options;
  checkPrompts(prompts, settings, model.config);
  const strategy = STRATEGIES[settings.strategy]({
    settings,
    endTokens: options.eosTokenId ?? [],
    vocabularySize: model.config.vocabularySize,
    rng: options.rng,
  });
  const decoder = new Decoder(model, strategy.width, strategy.head, options.threads);
  try {
    for (let start = options.startAt ?? 0; start < prompts.length; start += settings.batch) {
      const began = performance.now();
      const batch = prompts.slice(start, start + settings.batch);
      const rows = await continueBatch(decoder, strategy, batch, settings.maxNewTokens, (b) => rowIndex(start + b));
      await onBatch(start, rows);
      const tokens = rows.reduce((n, row) => n + row.length, 0);
      const tokensPerSecond = tokens / Math.max(1e-3, (performance.now() - began) / 1000);
      options.onProgress?.({ done: start + rows.length, total: prompts.length, tokensPerSecond });
    }
  } finally {
    await decoder.release();
  }
}

/** Each run of the model is one turn of the event loop, so timers and messages are served between tokens. */
async function continueBatch(
  decoder: Decoder,
  strategy: Strategy,
  prompts: readonly Int32Array[],
  newTokens: number,
  rowOf: (b: number) => number,
): Promise<Int32Array[]> {
  const continuations = prompts.map((_, b) => strategy.start(rowOf(b)));
  const { cache, scores: first } = await decoder.read(prompts, newTokens);
  const tokens = new Int32Array(prompts.length * strategy.width);
  let scores = first;
  for (let written = 0; ; written++) {
    const running = continuations.map(({ done }) => !done);
    continuations.forEach((continuation, b) => {
      if (running[b]) continuation.advance(scores[b]);
    });
    if (continuations.every(({ done }) => done)) return continuations.map((continuation) => continuation.result());
    cache.reserve(continuations.map(({ done, parents }) => (done ? undefined : parents)));
    continuations.forEach((continuation, b) => tokens.set(continuation.tokens, b * strategy.width));
    scores = await decoder.write(cache, tokens, written);
  }
}

function checkPrompts(prompts: readonly Int32Array[], settings: DecodingPlan, config: DecoderConfig): void {
  const limit = config.positionLimit === undefined ? '' : ` (${config.positionLimit})`;
  prompts.forEach((prompt, i) => {
    if (prompt.length === 0) throw new HabsburgError('invalid', `prompt ${i} is empty; a prompt needs at least one token`);
    if (prompt.length + settings.maxNewTokens > config.maxPositions) {
      throw new HabsburgError(
        'invalid',
        `prompt ${i} of ${prompt.length} tokens and ${settings.maxNewTokens} new ones exceed the model's ${config.maxPositions} positions${limit}; shorten it or ask for fewer`,
      );
    }
    const bad = prompt.find((id) => id < 0 || id >= config.vocabularySize);
    if (bad !== undefined) {
      throw new HabsburgError(
        'invalid',
        `prompt ${i} holds the token id ${bad}, the model knows 0 to ${config.vocabularySize - 1}; was it made with another tokenizer?`,
      );
    }
  });
}
