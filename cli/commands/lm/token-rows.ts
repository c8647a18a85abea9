/** `--tokens` of the lm commands: rows of token ids, as one's own tokenizer or the datasets library writes them. */
import { HabsburgError } from '../../../common/errors.js';
import { tokenIds } from '../../../common/token-ids.js';
import { nearest } from '../../../spec/suggest.js';
import { parseJson, readText } from './read.js';
import type { LabelledRows } from './records.js';

/** What an entry may say; anything else would be ignored, and is refused. */
const FIELDS = ['input_ids', 'labels', 'attention_mask'] as const;

/** A tokens file: a JSON array whose entries are arrays of token ids or {"input_ids": …, "attention_mask": …}. */
export async function readTokens(file: string): Promise<Int32Array[]> {
  const { rows, labels } = await readLabelledTokens(file);
  if (labels !== undefined)
    throw new HabsburgError('invalid', `${file}: labels say what is predicted, and prompts have none; leave them out`);
  return rows;
}

/** The same with {…, "labels": …}, -100 for what is not predicted. Padding (attention_mask 0) is left out. */
export async function readLabelledTokens(file: string): Promise<LabelledRows> {
  const value = parseJson(await readText(file), file);
  if (!Array.isArray(value)) throw new HabsburgError('invalid', `${file}: a tokens file is a JSON array of arrays of token ids`);
  const entries = value.map((entry, i) => readEntry(entry, `${file}: entry ${i}`));
  const rows = entries.map(({ ids }) => ids);
  return entries.some(({ labels }) => labels) ? { rows, labels: entries.map(({ ids, labels }) => labels ?? ids) } : { rows };
}

interface Entry {
  readonly ids: Int32Array;
  readonly labels?: Int32Array;
}

function readEntry(entry: unknown, where: string): Entry {
  if (Array.isArray(entry)) return { ids: tokenIds(entry, where) };
  if (typeof entry !== 'object' || entry === null)
    throw new HabsburgError('invalid', `${where} is not an array of token ids, or an object with input_ids`);
  for (const name of Object.keys(entry)) if (!(FIELDS as readonly string[]).includes(name)) throw unknownField(name, where);
  const { input_ids, labels, attention_mask } = entry as Record<(typeof FIELDS)[number], unknown>;
  const ids = tokenIds(list(input_ids, `${where}.input_ids`), `${where}.input_ids`);
  const own = labels === undefined ? undefined : tokenIds(list(labels, `${where}.labels`, ids.length), `${where}.labels`, true);
  if (attention_mask === undefined) return { ids, labels: own };
  const [from, to] = attended(list(attention_mask, `${where}.attention_mask`, ids.length), `${where}.attention_mask`);
  return { ids: ids.slice(from, to), labels: own?.slice(from, to) };
}

function list(value: unknown, where: string, length?: number): unknown[] {
  if (!Array.isArray(value)) throw new HabsburgError('invalid', `${where} is not an array of numbers`);
  if (length !== undefined && value.length !== length)
    throw new HabsburgError('invalid', `${where} has ${value.length} numbers, the row has ${length} tokens`);
  return value;
}

/** The part of a row that is no padding: [from, to). */
function attended(mask: readonly unknown[], where: string): [from: number, to: number] {
  const bad = mask.findIndex((value) => value !== 0 && value !== 1 && value !== true && value !== false);
  if (bad >= 0)
    throw new HabsburgError('invalid', `${where} holds ${JSON.stringify(mask[bad])} at position ${bad}; it is 0 or 1`);
  const counts = mask.map((value) => value === 1 || value === true);
  const from = Math.max(0, counts.indexOf(true));
  const to = counts.lastIndexOf(true) + 1;
  if (counts.slice(from, to).includes(false))
    throw new HabsburgError('invalid', `${where} has a 0 between ones; padding is before or behind a row's tokens`);
  return [from, to];
}

function unknownField(name: string, where: string): HabsburgError {
  const guess = nearest(name, FIELDS);
  const hint = guess === undefined ? `known are ${FIELDS.join(', ')}; leave it out` : `did you mean ${JSON.stringify(guess)}?`;
  return new HabsburgError('invalid', `${where} has the field ${JSON.stringify(name)}, which would be ignored; ${hint}`);
}
