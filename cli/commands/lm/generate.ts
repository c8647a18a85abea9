/** `habsburg lm generate`: continues prompts by greedy search, sampling or beam search. */
import type { Command } from 'commander';
import { HabsburgError, isHabsburgError } from '../../../common/errors.js';
import { CounterRng } from '../../../common/philox.js';
import { generateRows } from '../../../engine/generate/index.js';
import type { Checkpoint } from '../../../engine/index.js';
import { loadTokenizer } from '../../../engine/tokenizer/files.js';
import type { Tokenizer } from '../../../engine/tokenizer/types.js';
import type { DecodingPlan } from '../../../spec/plan.js';
import { exactlyOne, integer, loadModel, readPrompts, readTokens, real, threadsOption, tokenIds } from './inputs.js';

interface Options {
  readonly model: string;
  readonly adapter?: string;
  readonly prompt?: string;
  readonly prompts?: string;
  readonly tokens?: string;
  readonly maxNewTokens: number;
  readonly minNewTokens: number;
  readonly numBeams: number;
  readonly lengthPenalty?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly seed?: number;
  readonly eosTokenId?: number[];
  readonly batch: number;
  readonly threads: number;
  readonly json?: boolean;
}

const SAMPLING = { temperature: '--temperature', topP: '--top-p', topK: '--top-k', seed: '--seed' } as const;

export function registerGenerate(parent: Command): void {
  parent
    .command('generate')
    .description(
      'continue prompts: greedy, by beam search (--num-beams), or by sampling (any of --temperature, --top-p, --top-k, --seed)',
    )
    .requiredOption('--model <dir>', 'folder with config.json and weights, or a .gguf file')
    .option('--adapter <dir>', 'folder of a PEFT LoRA adapter to apply')
    .option('--prompt <text>', 'one prompt; needs a tokenizer.json beside the model')
    .option('--prompts <file>', 'prompts, {"text": …} a line')
    .option('--tokens <file>', 'prompts as a JSON array of arrays of token ids')
    .requiredOption('--max-new-tokens <n>', 'new tokens at most', integer(1))
    .option('--min-new-tokens <n>', 'new tokens before an end token is allowed', integer(0), 0)
    .option('--num-beams <n>', 'beams; 1: none', integer(1, 1024), 1)
    .option(
      '--length-penalty <x>',
      'beam search: scores are divided by length to this power (default: 1)',
      real(() => true, 'such as 0.8'),
    )
    .option(
      '--temperature <x>',
      'sampling: logits are divided by it (default: 1)',
      real((x) => x > 0, 'above 0'),
    )
    .option('--top-k <n>', 'sampling: from the k most probable tokens; 0: all (default: 0)', integer(0))
    .option(
      '--top-p <x>',
      'sampling: from the most probable tokens that hold this mass (default: 1)',
      real((x) => x > 0 && x <= 1, 'above 0, at most 1'),
    )
    .option('--seed <n>', 'sampling: seed (default: 0)', integer(0))
    .option('--eos-token-id <ids>', "end tokens, comma-separated (default: the model's own)", tokenIds)
    .option('--batch <n>', 'prompts at a time', integer(1), 32)
    .addOption(threadsOption())
    .option('--json', '{"rows": [{new_tokens, text}]}; text where there is a tokenizer')
    .action(run);
}

async function run(options: Options): Promise<void> {
  exactlyOne({ ...options }, { prompt: '--prompt', prompts: '--prompts', tokens: '--tokens' });
  const settings = settingsOf(options);
  const model = await loadModel(options.model, options.adapter);
  const tokenizer = await tokenizerOf(options);
  const prompts = await promptsOf(options, tokenizer);
  const rows: { new_tokens: number[]; text?: string }[] = [];
  await generateRows({
    model,
    prompts,
    settings,
    eosTokenId: options.eosTokenId ?? endTokens(model),
    rng: new CounterRng({ seed: options.seed ?? 0, generation: 0, member: 'lm', step: 'generate' }),
    threads: options.threads,
    onBatch: async (_, batch) => {
      for (const tokens of batch) {
        const text = tokenizer?.decode(tokens);
        rows.push({ new_tokens: Array.from(tokens), ...(text === undefined ? {} : { text }) });
        if (!options.json) process.stdout.write(`${text ?? tokens.join(' ')}\n`);
      }
    },
  });
  if (options.json) process.stdout.write(`${JSON.stringify({ rows })}\n`);
}

/** @throws HabsburgError 'invalid' for a combination that has no meaning: nothing given is ignored */
function settingsOf(options: Options): DecodingPlan {
  const sampling = (Object.keys(SAMPLING) as (keyof typeof SAMPLING)[]).filter((key) => options[key] !== undefined);
  const beams = options.numBeams > 1;
  if (beams && sampling.length > 0) {
    throw new HabsburgError(
      'invalid',
      `--num-beams ${options.numBeams} and ${SAMPLING[sampling[0]]} exclude each other: beam search draws nothing at random`,
    );
  }
  if (!beams && options.lengthPenalty !== undefined)
    throw new HabsburgError('invalid', '--length-penalty concerns beam search; give --num-beams too');
  if (options.minNewTokens > options.maxNewTokens) {
    throw new HabsburgError(
      'invalid',
      `--min-new-tokens ${options.minNewTokens} is more than --max-new-tokens ${options.maxNewTokens}`,
    );
  }
  return {
    strategy: beams ? 'beam' : sampling.length > 0 ? 'sample' : 'greedy',
    maxNewTokens: options.maxNewTokens,
    minNewTokens: options.minNewTokens,
    beams: options.numBeams,
    temperature: options.temperature ?? 1,
    topK: options.topK ?? 0,
    topP: options.topP ?? 1,
    lengthPenalty: options.lengthPenalty ?? 1,
    batch: options.batch,
  };
}

/** The end tokens of generation_config.json, or else of config.json, as transformers takes them. */
function endTokens({ generationConfig, config }: Checkpoint): number[] {
  const ids = generationConfig.eos_token_id ?? config.json.eos_token_id ?? [];
  return (Array.isArray(ids) ? ids : [ids]) as number[];
}

/** Token ids can be continued without a tokenizer; text cannot. */
async function tokenizerOf(options: Options): Promise<Tokenizer | undefined> {
  try {
    return await loadTokenizer(options.model);
  } catch (error) {
    if (options.tokens !== undefined && isHabsburgError(error) && error.kind === 'notFound') return undefined;
    throw error;
  }
}

async function promptsOf(options: Options, tokenizer: Tokenizer | undefined): Promise<Int32Array[]> {
  if (options.tokens !== undefined) return readTokens(options.tokens);
  const texts = options.prompt === undefined ? await readPrompts(options.prompts!) : [options.prompt];
  return texts.map((text) => Int32Array.from([...tokenizer!.prefix, ...tokenizer!.encode(text)]));
}
