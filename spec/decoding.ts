/** Decoding where nobody says otherwise, and in words. */
import type { DecodingPlan } from './plan.js';

/** Settings that change nothing until they are given. */
export const DECODING_DEFAULTS: Omit<DecodingPlan, 'strategy' | 'maxNewTokens' | 'minNewTokens' | 'batch'> = {
  beams: 1,
  lengthPenalty: 1,
  earlyStopping: false,
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  typicalP: 1,
  repetitionPenalty: 1,
  noRepeatNgramSize: 0,
  promptLookupNumTokens: 0,
  maxMatchingNgramSize: 2,
  stopStrings: [],
};

/** How a member's text is written, settings that are off left out, such as ["beam search", "5 beams", "repetition penalty 2"]. */
export function decodingWords(d: DecodingPlan): string[] {
  const beams = d.strategy === 'beam' || d.strategy === 'beam-sample';
  const sampling = d.strategy === 'sample' || d.strategy === 'beam-sample';
  const name = { greedy: 'greedy decoding', sample: 'sampling', beam: 'beam search', 'beam-sample': 'beam sampling' }[d.strategy];
  const words: [shown: boolean, words: string][] = [
    [beams, `${d.beams} beams`],
    [beams && d.lengthPenalty !== 1, `length penalty ${d.lengthPenalty}`],
    [beams && d.earlyStopping !== false, `early stopping ${d.earlyStopping}`],
    [sampling, `temperature ${d.temperature}`],
    [sampling && d.topK > 0, `top-k ${d.topK}`],
    [sampling && d.topP < 1, `top-p ${d.topP}`],
    [sampling && d.minP > 0, `min-p ${d.minP}`],
    [sampling && d.typicalP < 1, `typical-p ${d.typicalP}`],
    [d.repetitionPenalty !== 1, `repetition penalty ${d.repetitionPenalty}`],
    [d.noRepeatNgramSize > 0, `no ${d.noRepeatNgramSize}-gram twice`],
    [d.promptLookupNumTokens > 0, `prompt lookup of ${d.promptLookupNumTokens} tokens`],
    [d.stopStrings.length > 0, `stops at ${d.stopStrings.map((text) => JSON.stringify(text)).join(', ')}`],
  ];
  return [name, ...words.filter(([shown]) => shown).map(([, text]) => text)];
}
