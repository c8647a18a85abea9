/** Decoding: its strategies and all its settings, and both in words. Pure, and loads no onnxruntime. */
import { guidanceWords, type GuidancePlan } from './guidance.js';
import { stopStrings } from './stopping.js';
import { beams, earlyStopping, lengthPenalty } from './strategies/beam-settings.js';
import { maxMatchingNgramSize, promptLookupNumTokens } from './strategies/prompt-lookup.js';
import { numReturnSequences } from './return-sequences.js';
import { isOn, type DecodingSetting, type StrategyTrait, type ValuesOf } from './settings.js';
import { LAST, PROCESSORS, WARPERS } from './warpers/index.js';

export const STRATEGY_NAMES = ['greedy', 'sample', 'beam', 'beam-sample'] as const;
export type StrategyName = (typeof STRATEGY_NAMES)[number];

/** Strategies with a trait, which some settings need. */
export const STRATEGIES_WITH: Readonly<Record<StrategyTrait, readonly StrategyName[]>> = {
  beams: ['beam', 'beam-sample'],
  sampling: ['sample', 'beam-sample'],
  single: ['greedy', 'sample'],
};

/** The settings by name, in the order of descriptions and flags. Warpers and processors add theirs in warpers/index.ts. */
export const DECODING_SETTINGS = {
  beams,
  lengthPenalty,
  earlyStopping,
  ...WARPERS,
  ...PROCESSORS,
  ...LAST,
  promptLookupNumTokens,
  maxMatchingNgramSize,
  stopStrings,
  numReturnSequences,
};

type Settings = ValuesOf<typeof DECODING_SETTINGS>;

interface Writing {
  readonly strategy: StrategyName;
  readonly maxNewTokens: number;
  /** an end token cannot come before; stop strings can */
  readonly minNewTokens: number;
  /** with a second model; absent: with one */
  readonly guidance?: GuidancePlan;
  /** prompts decoded together; part of the step's key, since it may change rounding */
  readonly batch: number;
}

/**
 * How a model writes, as a plan has it: settings that are off are left out, so that one more that nobody gives changes no plan's digest
 * and no step's key.
 */
export interface DecodingPlan extends Writing, Partial<Settings> {}

/** The same with all settings. */
export interface Decoding extends Writing, Settings {}

/** The settings as rows of any type. */
export const DECODING_ROWS = Object.entries(DECODING_SETTINGS) as [keyof typeof DECODING_SETTINGS, DecodingSetting<unknown>][];

/** What holds where nobody says otherwise. */
export const DECODING_DEFAULTS = Object.fromEntries(DECODING_ROWS.map(([name, { off }]) => [name, off])) as unknown as Settings;

/** The settings that are on. */
export function settingsOn(given: Partial<Settings>): Partial<Settings> {
  const on = DECODING_ROWS.filter(([name, row]) => given[name] !== undefined && isOn(row, given[name]));
  return Object.fromEntries(on.map(([name]) => [name, given[name]])) as Partial<Settings>;
}

export function decodingOf(plan: DecodingPlan): Decoding {
  return { ...DECODING_DEFAULTS, ...plan };
}

/** How a member's text is written, settings that are off left out, such as ["beam search", "5 beams", "repetition penalty 2"]. */
export function decodingWords(plan: DecodingPlan): string[] {
  const d = decodingOf(plan);
  const name = { greedy: 'greedy decoding', sample: 'sampling', beam: 'beam search', 'beam-sample': 'beam sampling' }[d.strategy];
  const on = DECODING_ROWS.filter(
    ([key, row]) =>
      (row.only === undefined || STRATEGIES_WITH[row.only].includes(d.strategy)) && (row.always || isOn(row, d[key])),
  );
  const guided = d.guidance === undefined ? [] : [guidanceWords(d.guidance)];
  return [name, ...on.flatMap(([key, { words }]) => (words ? [words(d[key])] : [])), ...guided];
}
