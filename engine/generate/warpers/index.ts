/** Logits processors and warpers in transformers' order. Adding one is one file here plus a row. */
import type { DecodingPlan } from '../../../spec/plan.js';
import { minNewTokensProcessor } from './min-new-tokens.js';
import { minPWarper } from './min-p.js';
import { noRepeatNgramProcessor } from './no-repeat-ngram.js';
import { repetitionPenaltyProcessor } from './repetition-penalty.js';
import { temperatureWarper } from './temperature.js';
import { topKWarper } from './top-k.js';
import { topPWarper } from './top-p.js';
import type { Warper, WarperContext } from './types.js';
import { typicalPWarper } from './typical-p.js';

/** Makes a processor, or nothing where the settings would have it change nothing. */
type Row = (settings: DecodingPlan, context: WarperContext) => Warper | undefined;

/** They look at what is written so far, for which they need the score of every token. */
const HISTORY: readonly Row[] = [
  (s) => (s.repetitionPenalty === 1 ? undefined : repetitionPenaltyProcessor(s.repetitionPenalty)),
  (s) => (s.noRepeatNgramSize === 0 ? undefined : noRepeatNgramProcessor(s.noRepeatNgramSize)),
];

/** For every strategy. */
const PROCESSORS: readonly Row[] = [
  ...HISTORY,
  (s, { endTokens }) =>
    s.minNewTokens === 0 || endTokens.length === 0 ? undefined : minNewTokensProcessor(s.minNewTokens, endTokens),
];

/** For strategies that draw at random. */
const WARPERS: readonly Row[] = [
  (s) => (s.temperature === 1 ? undefined : temperatureWarper(s.temperature)),
  (s, { minTokensToKeep }) => (s.topK === 0 ? undefined : topKWarper(Math.max(s.topK, minTokensToKeep))),
  (s, { minTokensToKeep }) => (s.topP >= 1 ? undefined : topPWarper(s.topP, minTokensToKeep)),
  (s, { minTokensToKeep }) => (s.minP === 0 ? undefined : minPWarper(s.minP, minTokensToKeep)),
  (s, { minTokensToKeep }) => (s.typicalP >= 1 ? undefined : typicalPWarper(s.typicalP, minTokensToKeep)),
];

function made(rows: readonly Row[], settings: DecodingPlan, context: WarperContext): Warper[] {
  return rows.map((row) => row(settings, context)).filter((warper) => warper !== undefined);
}

/** The processors that settings ask for, in order. */
export function processorsOf(settings: DecodingPlan, context: WarperContext): Warper[] {
  return made(PROCESSORS, settings, context);
}

/** The processors and warpers that settings ask for, in order. */
export function warpersOf(settings: DecodingPlan, context: WarperContext): Warper[] {
  return made([...PROCESSORS, ...WARPERS], settings, context);
}

/** Whether a processor looks at what is written: then the highest few scores are not enough to choose a token from. */
export function needsAllScores(settings: DecodingPlan): boolean {
  return made(HISTORY, settings, { endTokens: [], minTokensToKeep: 1 }).length > 0;
}
