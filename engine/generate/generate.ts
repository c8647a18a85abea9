/** Continues prompts, batch by batch: the generation loop, top to bottom. */
import type { CounterRng } from '../../common/philox.js';
import { HabsburgError } from '../../common/errors.js';
import type { Device } from '../devices.js';
import { decodingOf, type Decoding, type DecodingPlan } from './decoding.js';
import type { Model } from '../checkpoint/huggingface.js';
import type { DecoderConfig } from '../models/types.js';
import { Decoder } from './decoder.js';
import { guided } from './guidance.js';
import { stoppingRule } from './stopping.js';
import { STRATEGIES } from './strategies/index.js';
import type { Continuation, Scores, Strategy, Writer } from './types.js';
import { writerOf } from './writer.js';

export interface GenerateProgress {
  /** rows finished, of all (those before `startAt` count as finished) */
  readonly done: number;
  readonly total: number;
  /** new tokens a second over the batch that just ended */
  readonly tokensPerSecond: number;
}

export interface GenerateOptions {
  readonly model: Model;
  /** the second model of settings.guidance, of the same vocabulary */
  readonly guide?: Model;
  /** token ids, at least one each; lengths may differ */
  readonly prompts: readonly Int32Array[];
  readonly settings: DecodingPlan;
  /** a sequence ends behind one of these; none: every sequence gets maxNewTokens */
  readonly eosTokenId?: readonly number[];
  /** the text of token ids; needed where settings have stop strings */
  readonly decode?: (ids: ArrayLike<number>) => string;
  /** draws for row i and new token p come from (rowIndex(i), p); a row is a prompt, or one of its `numReturnSequences` continuations */
  readonly rng: CounterRng;
  /** default: the row's index */
  readonly rowIndex?: (index: number) => number;
  /**
   * Token that shorter prompts are padded with on the left for everything that looks at what a sequence holds (repetition penalty,
   * n-grams). The model never sees it. transformers does so in batches, and a row then depends on its neighbours; default: no.
   */
  readonly paddingToken?: number;
  readonly threads: number;
  readonly device?: Device;
  /** Receives the new tokens of rows start, start + 1, …; generation goes on when it resolves. */
  readonly onBatch: (start: number, rows: Int32Array[]) => Promise<void>;
  /** index of the first row to write: where a call of onBatch ended, the rest is written as in an uninterrupted call */
  readonly startAt?: number;
  readonly onProgress?: (progress: GenerateProgress) => void;
}

/** So many batches share their places where rows end at different times. */
const WINDOW = 4;

/**
 * Continues each prompt by the strategy of `settings`, `settings.batch` rows at a time. Where rows can end at different times, a
 * finished one's place goes to the next prompt of a window of four batches, and `onBatch` receives a window. Which prompts run side
 * by side can change rounding, and follows from prompts and settings alone.
 * @throws HabsburgError `invalid` naming the prompt that is empty, too long for the model, or holds an unknown token id,
 *   `verification` where the model's logits are not finite
 */
export async function generateRows(options: GenerateOptions): Promise<void> {
  const { model, onBatch, rowIndex = (i) => i } = options;
  const settings = decodingOf(options.settings);
  checkPrompts(options.prompts, settings, model.config);
  checkGuide(options, settings);
  const prompts = repeated(options.prompts, settings.numReturnSequences);
  const endTokens = options.eosTokenId ?? [];
  const strategy = STRATEGIES[settings.strategy]({
    settings,
    endTokens,
    ends: stoppingRule(settings, endTokens, options.decode),
    vocabularySize: model.config.vocabularySize,
    rng: options.rng,
  });
  const longest = prompts.reduce((most, { length }) => Math.max(most, length), 0);
  const padded = (prompt: Int32Array): Int32Array => {
    if (options.paddingToken === undefined || prompt.length === longest) return prompt;
    const out = new Int32Array(longest).fill(options.paddingToken);
    out.set(prompt, longest - prompt.length);
    return out;
  };
  const writer = writerFor(options, settings, strategy, longest + settings.maxNewTokens);
  try {
    const window = settings.batch * (endTogether(settings, endTokens) ? 1 : WINDOW);
    for (let start = options.startAt ?? 0; start < prompts.length; start += window) {
      const began = performance.now();
      const batch = prompts.slice(start, start + window);
      const continuations = batch.map((prompt, b) => strategy.start(rowIndex(start + b), padded(prompt)));
      const rows = await continueWindow(writer, batch, continuations, settings);
      await onBatch(start, rows);
      const tokens = rows.reduce((n, row) => n + row.length, 0);
      const tokensPerSecond = tokens / Math.max(1e-3, (performance.now() - began) / 1000);
      options.onProgress?.({ done: start + rows.length, total: prompts.length, tokensPerSecond });
    }
  } finally {
    await writer.release();
  }
}

/** The model, or with guidance both: they then give log-probabilities, and the strategy takes what comes of them for logits. */
function writerFor(
  { model, guide, threads, device }: GenerateOptions,
  settings: Decoding,
  strategy: Strategy,
  longest: number,
): Writer {
  const { guidance } = settings;
  const of = (one: Model, as: Pick<Strategy, 'layout' | 'width' | 'head'>): Writer =>
    writerOf(new Decoder(one, as, threads, device, Math.min(one.config.maxPositions, longest)));
  if (guidance === undefined) return of(model, strategy);
  const as: Pick<Strategy, 'layout' | 'width' | 'head'> = {
    layout: strategy.layout,
    width: strategy.width,
    head: { kind: 'all', normalised: true },
  };
  const [own, second] = [of(model, as), of(guide!, as)];
  return guidance.toward === undefined ? guided(own, second, guidance.weight) : guided(second, own, guidance.weight);
}

function checkGuide({ model, guide, prompts }: GenerateOptions, settings: Decoding): void {
  if (settings.guidance === undefined) return;
  if (guide === undefined) throw new HabsburgError('invalid', 'guidance needs a second model');
  if (guide.config.vocabularySize !== model.config.vocabularySize)
    throw new HabsburgError(
      'invalid',
      `guidance needs two models of one vocabulary; these have ${model.config.vocabularySize} and ${guide.config.vocabularySize} tokens`,
    );
  checkPrompts(prompts, settings, guide.config);
}

/** The continuations of a prompt are written one after the other, as in transformers. */
function repeated(prompts: readonly Int32Array[], times: number): readonly Int32Array[] {
  return times === 1 ? prompts : prompts.flatMap((prompt) => new Array<Int32Array>(times).fill(prompt));
}

/** Whether every row takes the same number of steps. */
function endTogether(settings: Decoding, endTokens: readonly number[]): boolean {
  const { minNewTokens, maxNewTokens, stopStrings, promptLookupNumTokens } = settings;
  return (endTokens.length === 0 || minNewTokens >= maxNewTokens) && stopStrings.length === 0 && promptLookupNumTokens === 0;
}

/**
 * Continues prompts, a batch at a time: one that is done leaves, and others are read in when a quarter of the places is free. Each
 * run of the model is one turn of the event loop, so timers and messages are served between tokens.
 */
async function continueWindow(
  writer: Writer,
  prompts: readonly Int32Array[],
  continuations: readonly Continuation[],
  { batch: places, maxNewTokens }: Decoding,
): Promise<Int32Array[]> {
  const running: Continuation[] = [];
  writer.begin(maxNewTokens, Math.min(places, prompts.length));
  let read = 0;
  let scores: Scores[] = [];
  for (;;) {
    running.forEach((continuation, place) => continuation.advance(scores[place]));
    leave(running, writer);
    // Prompts that are read in get their first token here, and may be done with it.
    while (read < prompts.length && places - running.length >= places / 4) {
      const next = prompts.slice(read, read + places - running.length);
      const first = await writer.read(next);
      first.forEach((score, i) => continuations[read + i].advance(score));
      running.push(...continuations.slice(read, read + next.length));
      read += next.length;
      leave(running, writer);
    }
    if (running.length === 0) return continuations.map((continuation) => continuation.result());
    const width = writer.widthFor(Math.max(...running.map(({ tokens }) => tokens.length)));
    const tokens = new Int32Array(running.length * width);
    running.forEach((continuation, place) => tokens.set(continuation.tokens, place * width));
    const parents = running.map((continuation) => continuation.parents);
    scores = await writer.write(parents, tokens, width);
  }
}

/** Takes out what is done, of the writer too; the last one takes the place. */
function leave(running: Continuation[], writer: Writer): void {
  for (let place = running.length - 1; place >= 0; place--) {
    if (!running[place].done) continue;
    running[place] = running[running.length - 1];
    running.pop();
    writer.remove(place);
  }
}

function checkPrompts(prompts: readonly Int32Array[], settings: Decoding, config: DecoderConfig): void {
  prompts.forEach((prompt, i) => {
    if (prompt.length === 0) throw new HabsburgError('invalid', `prompt ${i} is empty; a prompt needs at least one token`);
    // The last new token is written, never read: it needs no position.
    if (prompt.length + settings.maxNewTokens - 1 > config.maxPositions) {
      throw new HabsburgError(
        'invalid',
        `prompt ${i} of ${prompt.length} tokens and ${settings.maxNewTokens} new ones exceed the model's ${config.maxPositions} positions; shorten it or ask for fewer`,
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
