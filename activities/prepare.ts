/**
 * prepare: what a run starts from. Reads the real texts, gets or trains the tokenizer, cuts blocks, imports the base model.
 * Outputs `train`, `valid`, `test`, `tokenizer`, and `base` (a checkpoint) or `truth` (a synthetic language) where there is one.
 */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import { linesOf, packBlocks } from '../data/blocks.js';
import { answerText, endTokensOf, fillTemplate, parseRecords, templateRow } from '../data/template.js';
import type { DataRecord } from '../data/records.js';
import { RECORDS_FILE, writeRecords } from '../data/records.js';
import { resolveCheckpoint } from '../data/checkpoint-source.js';
import { resolveSource } from '../data/source.js';
import type { ResolvedText } from '../data/source.js';
import type { ConfigJson } from '../engine/index.js';
import { readJsonObject } from '../engine/checkpoint/json.js';
import { loadTokenizer, saveTokenizer } from '../engine/tokenizer/files.js';
import type { Tokenizer } from '../engine/tokenizer/types.js';
import type { DataPlan } from '../spec/plan.js';
import { trainBpe } from '../engine/tokenizer/train-bpe.js';
import type { StepOutput } from './step.js';
import { runStep } from './step.js';
import type { ActivityDependencies, PrepareInput, StepResult } from './types.js';

const VERSION = 1;
const SPLITS = ['train', 'valid', 'test'] as const;
type Split = (typeof SPLITS)[number];
const SPECIALS = ['<s>', '<pad>', '</s>'];
const EOS = '</s>';
export const TRUTH_FILE = 'truth.json';

export function prepareActivity(deps: ActivityDependencies) {
  return (input: PrepareInput): Promise<StepResult> => {
    const { place, data, tokenizer, base } = input;
    let texts: Record<Split, ResolvedText> | undefined;
    let checkpoint: { folder: string; files: Record<string, string> } | undefined;
    return runStep(
      deps,
      {
        step: 'prepare',
        version: VERSION,
        place,
        inputs: {},
        // The key is made of what the sources hold now, not of where they are.
        parameters: async () => {
          const text = (split: Split) => resolveSource(data[split], { split, grammar: data.grammar });
          texts = { train: await text('train'), valid: await text('valid'), test: await text('test') };
          checkpoint = base.kind === 'checkpoint' ? await readCheckpoint(base.source) : undefined;
          return {
            texts: Object.fromEntries(
              SPLITS.map((split) => [split, { source: texts![split].source, digest: sha256(texts![split].text) }]),
            ),
            block: data.block,
            packing: data.packing,
            ...(data.template ? { template: data.template } : {}),
            limit: data.limit,
            grammar: data.grammar ?? null,
            tokenizer,
            base: checkpoint?.files ?? null,
          };
        },
        engine: false,
      },
      async (step) => {
        const outputs: Record<string, StepOutput> = {};
        const tokenizerFolder = await step.folder('tokenizer');
        if (tokenizer.kind === 'bpe') {
          await saveTokenizer(
            tokenizerFolder,
            trainBpe(
              (data.template ? recordTexts(texts!.train.text, data) : linesOf(texts!.train.text)).map((line) =>
                line.trim() === '' ? '' : `${line}\n`,
              ),
              tokenizer.vocabulary,
              SPECIALS,
            ),
            {
              bos: '<s>',
              eos: EOS,
              pad: '<pad>',
              maxLength: data.block,
            },
          );
        } else {
          if (!checkpoint)
            throw new HabsburgError(
              'invalid',
              'tokenizer: { kind: base } needs a base checkpoint; a model from scratch needs tokenizer: { kind: bpe, vocabulary: … }',
            );
          for (const file of Object.keys(checkpoint.files))
            if (/token|vocab|merges/.test(file)) await copyFile(join(checkpoint.folder, file), join(tokenizerFolder, file));
        }
        outputs.tokenizer = { kind: 'tokenizer', folder: tokenizerFolder };
        const loaded = await loadTokenizer(tokenizerFolder);
        const own = tokenizer.kind === 'bpe' ? loaded.idOf(EOS)! : undefined;
        const rowsOf = data.template
          ? recordRows(data, loaded, own === undefined ? await configOf(checkpoint!.folder) : { eos_token_id: own }, own)
          : blockRows(data, loaded, own ?? (await beginningToken(checkpoint!.folder, loaded)));

        const report: Record<string, number> = {};
        for (const split of SPLITS) {
          const folder = await step.folder(split);
          const { source, text } = texts![split];
          const { rows, leftOut } = rowsOf(split, text);
          await writeRecords(
            join(folder, RECORDS_FILE),
            rows.map((row, i) => ({
              id: `${split}/${String(i).padStart(6, '0')}`,
              ...row,
              origin: { kind: 'real' as const, source },
            })),
          );
          outputs[split] = { kind: 'dataset', folder, facts: { records: rows.length, block: data.block, source } };
          report[split] = rows.length;
          if (leftOut > 0) report[`${split}LeftOut`] = leftOut;
        }
        const { truth } = texts!.train;
        if (truth) {
          const folder = await step.folder('truth');
          await writeFile(join(folder, TRUTH_FILE), JSON.stringify(truth));
          outputs.truth = { kind: 'truth', folder };
        }
        if (checkpoint) {
          const folder = await step.folder('base');
          for (const file of Object.keys(checkpoint.files)) await copyFile(join(checkpoint.folder, file), join(folder, file));
          outputs.base = { kind: 'model', folder };
        }
        return { outputs, report };
      },
    );
  };
}

type Rows = (
  split: Split,
  text: string,
) => { readonly rows: readonly Pick<DataRecord, 'tokens' | 'text' | 'prompt'>[]; readonly leftOut: number };

/** Lines of text in blocks. */
function blockRows(data: DataPlan, tokenizer: Tokenizer, eosId: number): Rows {
  return (split, text) => {
    const packed = packBlocks(
      text,
      { encode: (line) => tokenizer.encode(line), decode: (ids) => tokenizer.decode(ids), eosId },
      data.block,
      data.limit[split],
    );
    if (packed.blocks.length === 0) {
      throw new HabsburgError(
        'invalid',
        `data.${split}: ${data[split]} has ${packed.tokens} tokens, not one block of ${data.block}; give more text or smaller blocks`,
      );
    }
    return { rows: packed.blocks.map((tokens) => ({ tokens, text: tokenizer.decode(tokens) })), leftOut: 0 };
  };
}

/** @param beginning what a row begins with; default: the tokenizer's prefix */
function recordRows(data: DataPlan, tokenizer: Tokenizer, config: ConfigJson, beginning?: number): Rows {
  const endTokens = endTokensOf(config);
  const prefix = beginning === undefined ? undefined : [beginning];
  return (split, text) => {
    const all = parseRecords(text, pathOf(data[split])).map((record) => templateRow(record, { template: data.template!, tokenizer, prefix, endTokens })); // prettier-ignore
    const kept = all.filter(({ tokens }) => tokens.length <= data.block);
    const rows = kept.slice(0, data.limit[split]).map(({ tokens, promptTokens }) => ({
      tokens,
      text: answerText(tokens.slice(promptTokens), endTokens, tokenizer),
      prompt: { tokens: promptTokens, text: tokenizer.decode(tokens.slice(0, promptTokens)) },
    }));
    if (rows.length > 0) return { rows, leftOut: all.length - kept.length };
    throw new HabsburgError(
      'invalid',
      all.length === 0
        ? `data.${split}: ${data[split]} has no records`
        : `data.${split}: all ${all.length} records of ${data[split]} have more than ${data.block} tokens; give a larger data.block`,
    );
  };
}

/** What a tokenizer is trained on: every record's prompt and answer, line by line. */
function recordTexts(text: string, data: DataPlan): string[] {
  return parseRecords(text, pathOf(data.train)).flatMap((record) => {
    const { prompt, answer } = fillTemplate(data.template!, record);
    return linesOf(prompt.text + answer().text);
  });
}

function pathOf(source: string): string {
  return source.slice('file:'.length);
}

function configOf(folder: string): Promise<ConfigJson> {
  return readJsonObject(join(folder, 'config.json'));
}

/** What a base model's texts begin with: what its tokenizer puts there (OPT: </s>), or else config.json's bos_token_id. */
async function beginningToken(folder: string, tokenizer: Tokenizer): Promise<number> {
  const file = join(folder, 'config.json');
  const id = tokenizer.prefix[0] ?? (await readJsonObject(file)).bos_token_id ?? tokenizer.idOf(EOS);
  if (typeof id === 'number' && id < tokenizer.size) return id;
  throw new HabsburgError('invalid', `${file} names no bos_token_id, which packing: bos-line puts before every line`);
}

/** A checkpoint's folder and the digests of the files that are its model and tokenizer. */
async function readCheckpoint(source: string): Promise<{ folder: string; files: Record<string, string> }> {
  const { folder, files } = await resolveCheckpoint(source);
  const digests: Record<string, string> = {};
  for (const file of [...files].sort()) digests[file] = sha256(await readFile(join(folder, file)));
  return { folder, files: digests };
}
