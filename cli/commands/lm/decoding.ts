/** The decoding options of `lm generate`, under transformers' names, made from the settings of the engine. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { HabsburgError } from '../../../common/errors.js';
import { DECODING_DEFAULTS, DECODING_ROWS, settingsOn, type DecodingPlan } from '../../../engine/generate/decoding.js';
import { flagOf, type DecodingSetting, type StrategyTrait } from '../../../engine/generate/settings.js';
import { parseYamlValue } from '../../../spec/document.js';
import { explain } from '../../../spec/problems.js';
import { integer, tokenIds } from './inputs.js';

export interface DecodingOptions {
  readonly maxNewTokens: number;
  readonly minNewTokens: number;
  readonly doSample?: boolean;
  readonly seed?: number;
  readonly eosTokenId?: number[];
  readonly batch: number;
}

const TRAITS: Readonly<Record<StrategyTrait, string>> = { beams: 'beams: ', sampling: 'sampling: ', single: '' };

/** A setting as an option. `--no-…` is a name like any other: commander's reading of it is undone by its default. */
const OPTIONS = DECODING_ROWS.map(([name, row]) => {
  const { schema, off, help, only } = row;
  const flag = flagOf(name, row);
  const isList = Array.isArray(off);
  const text = `${only ? TRAITS[only] : ''}${help}`;
  const option = new Option(`${flag} ${isList ? '<text...>' : '<x>'}`, text);
  if (option.negate) option.default(off, String(off));
  else option.description = `${text} (default: ${isList ? 'none' : String(off)})`;
  if (!isList) option.argParser((text) => valueOf(text, row));
  return { name, flag, only, attribute: option.attributeName(), option, schema };
});

/** @throws InvalidArgumentError for what the setting does not allow; what it holds where nothing is given is allowed */
function valueOf(text: string, { schema, off }: DecodingSetting<unknown>): unknown {
  const parsed = parseYamlValue(text);
  const value = 'value' in parsed ? parsed.value : text;
  if (value === off) return value;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [{ message, suggestion }] = explain(result.error.issues[0], value, schema);
  const sentence = `${message}${suggestion === undefined ? '' : `; ${suggestion}`}.`;
  throw new InvalidArgumentError(sentence[0].toUpperCase() + sentence.slice(1));
}

export function addDecodingOptions(command: Command): Command {
  command
    .requiredOption('--max-new-tokens <n>', 'new tokens at most', integer(1))
    .option('--min-new-tokens <n>', 'new tokens before an end token is allowed', integer(0), 0)
    .option('--do-sample', 'draw tokens at random; so does any of the sampling options')
    .option('--seed <n>', 'sampling: seed (default: 0)', integer(0));
  for (const { option } of OPTIONS) command.addOption(option);
  return command
    .option('--eos-token-id <ids>', "end tokens, comma-separated (default: the model's own)", tokenIds)
    .option('--batch <n>', 'prompts at a time', integer(1), 32);
}

/** @throws HabsburgError 'invalid' for a combination that has no meaning: nothing given is ignored */
export function decodingOf(options: DecodingOptions): DecodingPlan {
  const { maxNewTokens, minNewTokens, batch, doSample, seed } = options;
  const given = OPTIONS.flatMap(({ name, attribute, flag, only }) => {
    const value = (options as unknown as Readonly<Record<string, unknown>>)[attribute];
    return value === undefined || (attribute !== name && value === DECODING_DEFAULTS[name]) ? [] : [{ name, value, flag, only }];
  });
  const settings = { ...DECODING_DEFAULTS, ...(Object.fromEntries(given.map(({ name, value }) => [name, value])) as Partial<DecodingPlan>) }; // prettier-ignore
  const sampling = doSample === true || seed !== undefined || given.some(({ only }) => only === 'sampling');
  const beams = settings.beams > 1;
  const forBeams = given.find(({ only, name }) => only === 'beams' && name !== 'beams');
  const refuse = (sentence: string) => new HabsburgError('invalid', sentence);
  if (!beams && forBeams) throw refuse(`${forBeams.flag} concerns beams; give --num-beams too`);
  if (settings.promptLookupNumTokens === 0 && given.some(({ name }) => name === 'maxMatchingNgramSize'))
    throw refuse('--max-matching-ngram-size concerns prompt lookup; give --prompt-lookup-num-tokens too');
  if (beams && settings.promptLookupNumTokens > 0)
    throw refuse('--prompt-lookup-num-tokens and --num-beams exclude each other: a guess belongs to one sequence');
  if (minNewTokens > maxNewTokens) throw refuse(`--min-new-tokens ${minNewTokens} is more than --max-new-tokens ${maxNewTokens}`);
  const strategy = beams ? (sampling ? 'beam-sample' : 'beam') : sampling ? 'sample' : 'greedy';
  return { ...settingsOn(settings), strategy, maxNewTokens, minNewTokens, batch };
}
