/** Logits processors and warpers in transformers' order. Adding one is one file here, with its setting, plus a row. */
import { isOn, type ValuesOf } from '../settings.js';
import { epsilonCutoff } from './epsilon-cutoff.js';
import { minNewTokensProcessor } from './min-new-tokens.js';
import { minP } from './min-p.js';
import { noRepeatNgramSize } from './no-repeat-ngram.js';
import { repetitionPenalty } from './repetition-penalty.js';
import { temperature } from './temperature.js';
import { topK } from './top-k.js';
import { topP } from './top-p.js';
import type { Warper, WarperContext, WarperSetting } from './types.js';
import { typicalP } from './typical-p.js';
import { watermark } from './watermark.js';

/** For every strategy. They look at what is written so far, for which they need the score of every token. */
export const PROCESSORS = { repetitionPenalty, noRepeatNgramSize };

/** For strategies that draw at random. */
export const WARPERS = { temperature, topK, topP, minP, typicalP, epsilonCutoff };

/** For every strategy, behind all others. */
export const LAST = { watermark };

type ProcessorValues = ValuesOf<typeof PROCESSORS> & ValuesOf<typeof LAST>;
type WarperValues = ProcessorValues & ValuesOf<typeof WARPERS>;

function made<Name extends string>(
  rows: Readonly<Record<Name, WarperSetting>>,
  values: Readonly<Record<NoInfer<Name>, number>>,
  context: WarperContext,
): Warper[] {
  const on = (Object.keys(rows) as Name[]).filter((name) => isOn(rows[name], values[name]));
  return on.map((name) => rows[name].make(values[name], context));
}

function lastOf({ watermark: value }: ValuesOf<typeof LAST>): Warper[] {
  return value === null ? [] : [watermark.make(value)];
}

/** The processors that settings ask for, in order. */
export function processorsOf(settings: ProcessorValues & { readonly minNewTokens: number }, context: WarperContext): Warper[] {
  return [...beforeWarpers(settings, context), ...lastOf(settings)];
}

function beforeWarpers(settings: ProcessorValues & { readonly minNewTokens: number }, context: WarperContext): Warper[] {
  const { minNewTokens } = settings;
  const { endTokens } = context;
  const bansEnds = minNewTokens > 0 && endTokens.length > 0;
  return [...made(PROCESSORS, settings, context), ...(bansEnds ? [minNewTokensProcessor(minNewTokens, endTokens)] : [])];
}

/** The processors and warpers that settings ask for, in order. */
export function warpersOf(settings: WarperValues & { readonly minNewTokens: number }, context: WarperContext): Warper[] {
  return [...beforeWarpers(settings, context), ...made(WARPERS, settings, context), ...lastOf(settings)];
}

/** Whether a processor looks at what is written: then the highest few scores are not enough to choose a token from. */
export function needsAllScores(settings: ProcessorValues): boolean {
  return made(PROCESSORS, settings, { endTokens: [], minTokensToKeep: 1 }).length > 0 || settings.watermark !== null;
}
