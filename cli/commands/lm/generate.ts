/** `habsburg lm generate`: continues prompts by greedy search, sampling, beam search or beam sampling. */
import type { Command } from 'commander';
import type { Precision } from '../../../engine/checkpoint/precision.js';
import { isHabsburgError } from '../../../common/errors.js';
import { tokenIds } from '../../../common/token-ids.js';
import { CounterRng } from '../../../common/philox.js';
import { generateRows } from '../../../engine/generate/index.js';
import type { Checkpoint } from '../../../engine/index.js';
import { loadTokenizer } from '../../../engine/tokenizer/files.js';
import type { Tokenizer } from '../../../engine/tokenizer/types.js';
import type { Device } from '../../../engine/devices.js';
import { printJson } from '../../output.js';
import { addDecodingOptions, decodingOf, type DecodingOptions } from './decoding.js';
import { deviceOption, endTokens, exactlyOne, loadModel, quantizeOption, readPrompts, threadsOption, tidy } from './inputs.js';
import { checkRecordOptions, recordPrompts, templateOption } from './records.js';
import { readTokens } from './token-rows.js';

interface Options extends DecodingOptions {
  readonly model: string;
  readonly adapter?: string;
  readonly quantize?: Precision;
  readonly prompt?: string;
  readonly prompts?: string;
  readonly tokens?: string;
  readonly records?: string;
  readonly template?: string;
  readonly threads: number;
  readonly device: Device;
  readonly json?: boolean;
}

export function registerGenerate(parent: Command): void {
  const command = parent
    .command('generate')
    .description("continue prompts; options have transformers' names")
    .requiredOption('--model <dir>', 'folder with config.json and weights, or a .gguf file')
    .option('--adapter <dir>', 'folder of a PEFT LoRA adapter to apply')
    .addOption(quantizeOption('keep the matrices in fewer bits, quantised while loading'))
    .option('--prompt <text>', 'one prompt; needs a tokenizer.json beside the model')
    .option('--prompts <file>', 'prompts, {"text": …} a line')
    .option('--tokens <file>', 'prompts as a JSON array of arrays of token ids')
    .option('--records <file>', 'records, a JSON object with fields a line; --template makes prompts of them')
    .addOption(templateOption());
  addDecodingOptions(command)
    .addOption(threadsOption())
    .addOption(deviceOption())
    .option('--json', '{"rows": [{new_tokens, text}]}; text where there is a tokenizer')
    .action(tidy(run));
}

async function run(options: Options): Promise<void> {
  exactlyOne({ ...options }, { prompt: '--prompt', prompts: '--prompts', tokens: '--tokens', records: '--records' });
  checkRecordOptions(options, options.records !== undefined);
  const settings = decodingOf(options);
  const model = await loadModel(options.model, { ...options, frozen: true });
  const tokenizer = await tokenizerOf(options);
  const prompts = await promptsOf(options, model, tokenizer);
  const rows: { new_tokens: number[]; text?: string }[] = [];
  await generateRows({
    model,
    prompts,
    settings,
    eosTokenId: options.eosTokenId ?? endTokens(model),
    paddingToken: paddingToken(model),
    decode: tokenizer && ((ids) => tokenizer.decode(ids)),
    rng: new CounterRng({ seed: options.seed ?? 0, generation: 0, member: 'lm', step: 'generate' }),
    threads: options.threads,
    device: options.device,
    onBatch: async (_, batch) => {
      for (const tokens of batch) {
        const text = tokenizer?.decode(tokens);
        rows.push({ new_tokens: Array.from(tokens), ...(text === undefined ? {} : { text }) });
        if (!options.json) process.stdout.write(`${text ?? tokens.join(' ')}\n`);
      }
    },
  });
  if (options.json) printJson('lm-generate', { rows });
}

/** As in transformers, so that its tokens can be compared with ours. */
function paddingToken({ generationConfig, config }: Checkpoint): number | undefined {
  const id = generationConfig?.pad_token_id ?? config.json.pad_token_id;
  return typeof id === 'number' && id >= 0 ? id : undefined;
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

async function promptsOf(options: Options, model: Checkpoint, tokenizer: Tokenizer | undefined): Promise<Int32Array[]> {
  if (options.records !== undefined) return recordPrompts(options.model, model, options.records, options.template!);
  if (options.tokens !== undefined) return readTokens(options.tokens);
  const texts = options.prompt === undefined ? await readPrompts(options.prompts!) : [options.prompt];
  return texts.map((text, i) => tokenIds([...tokenizer!.prefix, ...tokenizer!.encode(text)], `prompt ${i}`));
}
