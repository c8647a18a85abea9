/** The heavy part of preparing texts, for a thread of its own: trains or copies the tokenizer, encodes, writes the splits' records. */
import { join } from 'node:path';
import { HabsburgError } from '../common/errors.js';
import { endTokensOf } from '../data/template.js';
import { heldOutLines } from '../data/held-out.js';
import { subsetLines } from '../data/subset.js';
import { textLines, type TextPlace } from '../data/text.js';
import { readJsonObject } from '../engine/checkpoint/json.js';
import { copyTokenizer, loadTokenizer, saveTokenizer } from '../engine/tokenizer/files.js';
import { trainBpe } from '../engine/tokenizer/train-bpe.js';
import type { Tokenizer } from '../engine/tokenizer/types.js';
import { countWords, WordCounts } from '../engine/tokenizer/word-counts.js';
import type { TextDataPlan, TokenizerPlan } from '../kinds/text/plan.js';
import { recordTexts, rowsIn, writeTexts } from './prepare-rows.js';

export const SPLITS = ['train', 'valid', 'test'] as const;
export type Split = (typeof SPLITS)[number];

const SPECIALS = ['<s>', '<pad>', '</s>'];
const EOS = '</s>';

/** Everything can be cloned, so that it can go to a thread. */
export interface TextsToPrepare {
  readonly data: TextDataPlan;
  readonly tokenizer: TokenizerPlan;
  readonly texts: Readonly<Record<Split, { readonly place: TextPlace; readonly source: string }>>;
  /** the base model as it was given (its tokenizer is copied from there), and as it was imported; absent for a model from scratch */
  readonly base?: { readonly path: string; readonly folder: string };
  /** where to write: the tokenizer's folder and one a split */
  readonly folders: Readonly<Record<Split | 'tokenizer', string>>;
}

/** How many records each split has, and how many were too long for it; and what rows of the tokenizer begin and end with. */
export type PreparedTexts = Readonly<Record<Split, { readonly records: number; readonly leftOut: number }>> & {
  /** before every line */
  readonly begins: number;
  /** of a prompt and an answer: before the prompt, behind the answer */
  readonly prefix: readonly number[];
  readonly ends: readonly number[];
};

export async function prepareTexts({ data, tokenizer, texts, base, folders }: TextsToPrepare): Promise<PreparedTexts> {
  const linesOf = (split: Split) =>
    subsetLines(
      heldOutLines(() => textLines(texts[split].place), split, data),
      split,
      data,
    );
  if (tokenizer.kind === 'bpe') {
    const model = trainBpe(await wordsOf(linesOf('train'), data), tokenizer.vocabulary, SPECIALS);
    await saveTokenizer(folders.tokenizer, model, { bos: '<s>', eos: EOS, pad: '<pad>', maxLength: data.block });
  } else {
    if (!base)
      throw new HabsburgError(
        'invalid',
        'tokenizer: { kind: base } needs a base checkpoint; a model from scratch needs tokenizer: { kind: bpe, vocabulary: … }',
      );
    await copyTokenizer(base.path, folders.tokenizer);
  }
  const loaded = await loadTokenizer(folders.tokenizer);
  const own = tokenizer.kind === 'bpe' ? loaded.idOf(EOS)! : undefined;
  const config = own === undefined ? await configOf(base!.folder) : { eos_token_id: own };
  const prefix = own === undefined ? loaded.prefix : [own];
  const ends = endTokensOf(config);
  // rows of prompts and answers begin with the prefix, and need no token before every line
  const begins = own ?? (data.template ? (prefix[0] ?? ends[0] ?? 0) : await beginningToken(base!.folder, loaded));
  const rowsOf = rowsIn(data, loaded, { begins, prefix, endTokens: ends });
  const prepared: Partial<Record<Split, PreparedTexts[Split]>> = {};
  for (const split of SPLITS) {
    const { source } = texts[split];
    const text = { setting: `data.${split}`, source: data[split], lines: linesOf(split), limit: data.limit[split] };
    prepared[split] = await writeTexts(folders[split], rowsOf, text, { name: split, source });
  }
  return { ...(prepared as Record<Split, PreparedTexts[Split]>), begins, prefix, ends };
}

/** The words of a text, or of its records through the template. */
async function wordsOf(lines: AsyncIterable<readonly string[]>, data: TextDataPlan): Promise<WordCounts> {
  const counts = new WordCounts();
  for await (const some of data.template ? recordTexts(lines, data) : lines)
    countWords(
      some.map((line) => (line.trim() === '' ? '' : `${line}\n`)),
      counts,
    );
  return counts;
}

function configOf(folder: string): ReturnType<typeof readJsonObject> {
  return readJsonObject(join(folder, 'config.json'));
}

/** What a base model's texts begin with: what its tokenizer puts there (OPT: </s>), or else config.json's bos_token_id. */
async function beginningToken(folder: string, tokenizer: Tokenizer): Promise<number> {
  const file = join(folder, 'config.json');
  const id = tokenizer.prefix[0] ?? (await readJsonObject(file)).bos_token_id ?? tokenizer.idOf(EOS);
  if (typeof id === 'number' && id < tokenizer.size) return id;
  throw new HabsburgError('invalid', `${file} names no bos_token_id, which packing: bos-line puts before every line`);
}
