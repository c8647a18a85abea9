/** The decoding options of `lm generate`, under transformers' names, and the decoding they ask for. */
import { Option, type Command } from 'commander';
import { HabsburgError } from '../../../common/errors.js';
import { DECODING_DEFAULTS as OFF } from '../../../spec/decoding.js';
import type { DecodingPlan } from '../../../spec/plan.js';
import { integer, real, tokenIds } from './inputs.js';

export interface DecodingOptions {
  readonly maxNewTokens: number;
  readonly minNewTokens: number;
  readonly doSample?: boolean;
  readonly seed?: number;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly typicalP?: number;
  readonly numBeams: number;
  readonly lengthPenalty?: number;
  readonly earlyStopping?: string;
  readonly repetitionPenalty: number;
  /** of --no-repeat-ngram-size: commander takes a leading `no-` off the name */
  readonly repeatNgramSize: number;
  readonly promptLookupNumTokens?: number;
  readonly maxMatchingNgramSize?: number;
  readonly stopStrings?: string[];
  readonly eosTokenId?: number[];
  readonly batch: number;
}

type Given = Partial<Record<keyof DecodingOptions, string>>;

/** Any of these asks for sampling. */
const SAMPLING: Given = {
  doSample: '--do-sample',
  seed: '--seed',
  temperature: '--temperature',
  topK: '--top-k',
  topP: '--top-p',
  minP: '--min-p',
  typicalP: '--typical-p',
};
const BEAMS: Given = { lengthPenalty: '--length-penalty', earlyStopping: '--early-stopping' };

export function addDecodingOptions(command: Command): Command {
  const positive = real((x) => x > 0, 'above 0');
  const share = real((x) => x > 0 && x <= 1, 'above 0, at most 1');
  return command
    .requiredOption('--max-new-tokens <n>', 'new tokens at most', integer(1))
    .option('--min-new-tokens <n>', 'new tokens before an end token is allowed', integer(0), 0)
    .option('--do-sample', 'draw tokens at random; so does any of the sampling options')
    .option('--seed <n>', 'sampling: seed (default: 0)', integer(0))
    .option('--temperature <x>', 'sampling: logits are divided by it (default: 1)', positive)
    .option('--top-k <n>', 'sampling: from the k most probable tokens; 0: all (default: 0)', integer(0))
    .option('--top-p <x>', 'sampling: from the most probable tokens that hold this mass (default: 1)', share)
    .option(
      '--min-p <x>',
      "sampling: from tokens with at least this share of the best one's probability (default: 0)",
      real((x) => x >= 0 && x <= 1, 'from 0 to 1'),
    )
    .option('--typical-p <x>', 'sampling: from the locally typical tokens that hold this mass (default: 1)', share)
    .option('--num-beams <n>', 'beam search, with sampling options beam sampling; 1: neither', integer(1, 1024), 1)
    .option(
      '--length-penalty <x>',
      'beams: scores are divided by length to this power (default: 1)',
      real(() => true, 'such as 0.8'),
    )
    .addOption(
      new Option(
        '--early-stopping <when>',
        'beams: true stops at as many finished sequences as beams, false when better ones are unlikely, never when none are possible (default: false)',
      ).choices(['true', 'false', 'never']),
    )
    .option('--repetition-penalty <x>', 'above 1 discourages tokens of the prompt and of what is written', positive, 1)
    .option('--no-repeat-ngram-size <n>', 'no n-gram of this size comes twice, the prompt included; 0: off', integer(0), 0)
    .option(
      '--prompt-lookup-num-tokens <n>',
      'guess so many tokens ahead from the prompt: the same tokens, sooner',
      integer(1, 100),
    )
    .option(
      '--max-matching-ngram-size <n>',
      'prompt lookup: at most so many of the last tokens are looked up (default: 2)',
      integer(1, 100),
    )
    .option('--stop-strings <text...>', 'end with the token that completes one of these')
    .option('--eos-token-id <ids>', "end tokens, comma-separated (default: the model's own)", tokenIds)
    .option('--batch <n>', 'prompts at a time', integer(1), 32);
}

/** @throws HabsburgError 'invalid' for a combination that has no meaning: nothing given is ignored */
export function decodingOf(options: DecodingOptions): DecodingPlan {
  const given = (flags: Given): string | undefined =>
    Object.entries(flags).find(([key]) => options[key as keyof DecodingOptions] !== undefined)?.[1];
  const sampling = given(SAMPLING) !== undefined;
  const beams = options.numBeams > 1;
  const forBeams = given(BEAMS);
  if (!beams && forBeams !== undefined) throw new HabsburgError('invalid', `${forBeams} concerns beams; give --num-beams too`);
  if (options.promptLookupNumTokens === undefined && options.maxMatchingNgramSize !== undefined)
    throw new HabsburgError('invalid', '--max-matching-ngram-size concerns prompt lookup; give --prompt-lookup-num-tokens too');
  if (beams && options.promptLookupNumTokens !== undefined)
    throw new HabsburgError(
      'invalid',
      '--prompt-lookup-num-tokens and --num-beams exclude each other: a guess belongs to one sequence',
    );
  if (options.minNewTokens > options.maxNewTokens) {
    throw new HabsburgError(
      'invalid',
      `--min-new-tokens ${options.minNewTokens} is more than --max-new-tokens ${options.maxNewTokens}`,
    );
  }
  const strategy = beams ? (sampling ? 'beam-sample' : 'beam') : sampling ? 'sample' : 'greedy';
  return {
    strategy,
    maxNewTokens: options.maxNewTokens,
    minNewTokens: options.minNewTokens,
    beams: options.numBeams,
    lengthPenalty: options.lengthPenalty ?? OFF.lengthPenalty,
    earlyStopping: options.earlyStopping === 'never' ? 'never' : options.earlyStopping === 'true',
    temperature: options.temperature ?? OFF.temperature,
    topK: options.topK ?? OFF.topK,
    topP: options.topP ?? OFF.topP,
    minP: options.minP ?? OFF.minP,
    typicalP: options.typicalP ?? OFF.typicalP,
    repetitionPenalty: options.repetitionPenalty,
    noRepeatNgramSize: options.repeatNgramSize,
    promptLookupNumTokens: options.promptLookupNumTokens ?? OFF.promptLookupNumTokens,
    maxMatchingNgramSize: options.maxMatchingNgramSize ?? OFF.maxMatchingNgramSize,
    stopStrings: options.stopStrings ?? OFF.stopStrings,
    batch: options.batch,
  };
}
