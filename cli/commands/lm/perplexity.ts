/** `habsburg lm perplexity`: negative log-likelihoods of token rows or of a text in blocks. */
import type { Command } from 'commander';
import type { Precision } from '../../../engine/checkpoint/precision.js';
import { HabsburgError } from '../../../common/errors.js';
import { scoreRows } from '../../../engine/score.js';
import type { Device } from '../../../engine/devices.js';
import { printJson } from '../../output.js';
import { deviceOption, exactlyOne, integer, loadModel, quantizeOption, textBlocks, threadsOption, tidy } from './inputs.js';
import { addRecordOptions, checkRecordOptions, recordRows, type RecordOptions } from './records.js';
import { readLabelledTokens } from './token-rows.js';

interface Options extends RecordOptions {
  readonly model: string;
  readonly adapter?: string;
  readonly quantize?: Precision;
  readonly text?: string;
  readonly block?: number;
  readonly tokens?: string;
  readonly records?: string;
  readonly threads: number;
  readonly device: Device;
  readonly json?: boolean;
}

export function registerPerplexity(parent: Command): void {
  const command = parent
    .command('perplexity')
    .description(
      'exp of the mean negative log-likelihood (nats a token). Every row is scored by itself, from its second token on. ' +
        'A text is tokenised as it stands, no special tokens added, and cut into blocks; the last one may be shorter.',
    )
    .requiredOption('--model <dir>', 'folder with config.json and weights, or a .gguf file')
    .option('--adapter <dir>', 'folder of a PEFT LoRA adapter to apply')
    .addOption(quantizeOption('keep the matrices in fewer bits, quantised while loading'))
    .option('--text <file>', 'UTF-8 text; needs --block and a tokenizer.json beside the model')
    .option('--block <n>', 'tokens a block', integer(2))
    .option('--tokens <file>', 'JSON array of arrays of token ids, or of {"input_ids", "labels"}: -100 is not scored')
    .option('--records <file>', 'records, a JSON object with fields a line; --template makes rows of them');
  addRecordOptions(command)
    .addOption(threadsOption())
    .addOption(deviceOption())
    .option('--json', '{"rows": [{nll_sum, token_count, perplexity}], "total": {…}}')
    .action(tidy(run));
}

async function run(options: Options): Promise<void> {
  exactlyOne({ ...options }, { text: '--text', tokens: '--tokens', records: '--records' });
  checkRecordOptions(options, options.records !== undefined);
  if ((options.text === undefined) !== (options.block === undefined))
    throw new HabsburgError('invalid', '--text and --block belong together');
  const model = await loadModel(options.model, { ...options, frozen: true });
  const { rows, labels } =
    options.records !== undefined
      ? await recordRows(options.model, model, options.records, options)
      : options.tokens !== undefined
        ? await readLabelledTokens(options.tokens)
        : { rows: await textBlocks(options.model, options.text!, options.block!, { dropRest: false }) };
  const scores = await scoreRows({ model, rows, labels, threads: options.threads, device: options.device });
  const results = scores.map(({ nllSum, tokenCount }) => row(nllSum, tokenCount));
  const total = row(
    scores.reduce((sum, { nllSum }) => sum + nllSum, 0),
    scores.reduce((sum, { tokenCount }) => sum + tokenCount, 0),
  );
  if (options.json) {
    printJson('lm-perplexity', { rows: results, total });
  } else {
    const shown = total.perplexity === null ? 'undefined, there is no token to predict' : total.perplexity.toPrecision(6);
    process.stdout.write(
      `perplexity ${shown} (${rows.length} rows, ${total.token_count} predicted tokens, ${total.nll_sum.toFixed(3)} nats)\n`,
    );
  }
}

function row(nllSum: number, tokenCount: number): { nll_sum: number; token_count: number; perplexity: number | null } {
  return { nll_sum: nllSum, token_count: tokenCount, perplexity: tokenCount === 0 ? null : Math.exp(nllSum / tokenCount) };
}
