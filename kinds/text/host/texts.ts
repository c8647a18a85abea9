/** What a language model reads and writes, whichever engine computes it. Loads none. */
import { join } from 'node:path';
import type { CounterRng } from '../../../common/philox.js';
import { tokenIds } from '../../../common/token-ids.js';
import { answerText, labelsOf } from '../../../data/template.js';
import type { Model } from '../../../engine/checkpoint/huggingface.js';
import { parseConfig } from '../../../engine/models/index.js';
import { initialWeights } from '../../../engine/models/initial.js';
import { loadTokenizer } from '../../../engine/tokenizer/files.js';
import type { Tokenizer } from '../../../engine/tokenizer/types.js';
import { RECORDS_FILE, readRecords, type DataRecord } from '../../../pool/records.js';
import type { LanguageModelPlan } from '../plan.js';
import type { GenerateJob, ScratchOf } from '../../host/types.js';

/** A model with fresh weights, sized to its tokenizer. */
export async function freshModel(base: ScratchOf<LanguageModelPlan>, tokenizerFolder: string, rng: CounterRng): Promise<Model> {
  const tokenizer = await loadTokenizer(tokenizerFolder);
  const eos = tokenizer.idOf('</s>') ?? null;
  const config = parseConfig(
    {
      ...base.config,
      vocab_size: tokenizer.size,
      bos_token_id: eos,
      eos_token_id: eos,
      pad_token_id: tokenizer.idOf('<pad>') ?? null,
    },
    'base.config',
  );
  return { config, weights: initialWeights(config, rng.derive('init')) };
}

/** What is continued: a record's tokens, or those of its template's prompt, with that prompt's text; without an id a start token alone. */
export interface Prompt {
  readonly id?: string;
  readonly row: Int32Array;
  readonly text?: string;
}

export async function readPrompts({ prompts: folder, begins }: Pick<GenerateJob, 'prompts' | 'begins'>): Promise<Prompt[]> {
  const prompts: Prompt[] = [];
  for await (const { id, tokens, prompt } of readRecords(join(folder, RECORDS_FILE)))
    prompts.push(
      begins !== undefined
        ? { row: Int32Array.of(begins) }
        : prompt === undefined
          ? { id, row: tokenIds(tokens, `record ${id}`) }
          : { id, row: tokenIds(tokens.slice(0, prompt.tokens), `record ${id}`), text: prompt.text },
    );
  return prompts;
}

/** Token ids of a dataset's records, in order; with lossOn: answer also their labels. */
export async function readRows(
  folder: string,
  lossOn?: 'answer' | 'all',
): Promise<{ rows: Int32Array[]; labels?: Int32Array[] }> {
  const rows: Int32Array[] = [];
  const labels: Int32Array[] = [];
  for await (const { id, tokens, prompt } of readRecords(join(folder, RECORDS_FILE))) {
    rows.push(tokenIds(tokens, `record ${id}`));
    if (lossOn === 'answer') labels.push(labelsOf({ tokens, promptTokens: prompt?.tokens ?? 0 }, lossOn));
  }
  return lossOn === 'answer' ? { rows, labels } : { rows };
}

/**
 * What was written, as a record.
 * @param index from 0, over all prompts and their candidates, which follow each other
 * @param written new tokens
 * @param how.candidates records a prompt; of several each has its number in its id, before the position of what it continues
 */
export function recordOf(
  index: number,
  prompt: Prompt,
  written: Int32Array,
  { member, generation, model }: GenerateJob['origin'],
  { tokenizer, endTokens, candidates = 1 }: { readonly tokenizer: Tokenizer; readonly endTokens: readonly number[]; readonly candidates?: number }, // prettier-ignore
): DataRecord {
  const candidate = candidates === 1 ? '' : `c${index % candidates}/`;
  return {
    id: `g${generation}/${member}/${candidate}${String(Math.floor(index / candidates)).padStart(6, '0')}`,
    ...(prompt.text === undefined
      ? blockOf(prompt.id === undefined ? [...prompt.row, ...written] : Array.from(written), tokenizer)
      : {
          tokens: [...prompt.row, ...written],
          text: answerText(Array.from(written), endTokens, tokenizer),
          prompt: { tokens: prompt.row.length, text: prompt.text },
        }),
    origin: { kind: 'generated', member, generation, model, ...(prompt.id !== undefined && { prompt: prompt.id }) },
  };
}

/** Whether a model has written nothing beyond what it was given. */
export function isEmpty({ tokens, prompt }: DataRecord, { begins }: Pick<GenerateJob, 'begins'>): boolean {
  return tokens.length <= (prompt?.tokens ?? (begins === undefined ? 0 : 1));
}

function blockOf(tokens: number[], tokenizer: Tokenizer): Pick<DataRecord, 'tokens' | 'text'> {
  return { tokens, text: tokenizer.decode(tokens) };
}
