/**
 * Records with fields (instruction, input, output …) as rows of tokens: a template makes a prompt and an answer of them. The prompt's
 * tokens are the same whether the answer follows, as in training, or is to be written.
 */
import { HabsburgError } from '../common/errors.js';
import { IGNORED } from '../common/labels.js';
import { parseFieldPath, parseTemplate, type TemplatePiece, type TemplatePlan } from '../kinds/text/templates.js';
import { nearest } from '../spec/suggest.js';
import { encodeAsText, linesOf, type TextTokenizer } from './blocks.js';

/** What is needed of a tokenizer here. */
interface Tokenizer extends Pick<TextTokenizer, 'encode' | 'decode'> {
  readonly prefix: readonly number[];
  readonly specials: readonly string[];
}

/** One line of a .jsonl file, or one row of a Parquet file. */
export interface FieldRecord {
  readonly fields: Readonly<Record<string, unknown>>;
  /** file:line, for messages */
  readonly where: string;
}

export interface TemplateOptions {
  readonly template: TemplatePlan;
  readonly tokenizer: Tokenizer;
  /** what a row begins with; default: the tokenizer's prefix */
  readonly prefix?: readonly number[];
  /** tokens that end a text: the first is put behind an answer that ends in none of them */
  readonly endTokens: readonly number[];
}

/** A record's tokens: prefix, prompt, answer, end token. */
export interface TemplateRow {
  readonly tokens: number[];
  /** how many of them come before the answer */
  readonly promptTokens: number;
}

/**
 * The records of a .jsonl text.
 * @throws HabsburgError `invalid` naming the line that is no JSON object
 */
export function parseRecords(text: string, file: string): FieldRecord[] {
  return [...parseLines(linesOf(text), file, 1)];
}

/** The same, of lines in batches. */
export async function* readFieldRecords(
  batches: AsyncIterable<readonly string[]>,
  file: string,
): AsyncGenerator<FieldRecord, void, undefined> {
  let line = 1;
  for await (const lines of batches) {
    yield* parseLines(lines, file, line);
    line += lines.length;
  }
}

/** @param number of the first line */
function* parseLines(lines: readonly string[], file: string, number: number): Generator<FieldRecord, void, undefined> {
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const where = `${file}:${number + i}`;
    let fields: unknown;
    try {
      fields = JSON.parse(line);
    } catch (cause) {
      throw new HabsburgError('invalid', `${where}: not valid JSON (${(cause as Error).message}); a record is one JSON object a line`, { cause }); // prettier-ignore
    }
    if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
      throw new HabsburgError('invalid', `${where}: a record is a JSON object, such as {"instruction": "…", "output": "…"}`);
    yield { fields: fields as Record<string, unknown>, where };
  }
}

/**
 * A template's text for a record: the prompt, and the answer where the record has one.
 * @throws HabsburgError `invalid` naming the line and the field that is missing
 */
export function fillTemplate(
  template: TemplatePlan,
  record: FieldRecord,
): { readonly prompt: Filled; readonly answer: () => Filled } {
  const { value: input } = valueOf('input', template.fields, record.fields);
  const bare = input === undefined || input === null || input === '';
  const parsed = parseTemplate(bare ? (template.noInputFormat ?? template.format) : template.format);
  if ('problem' in parsed) throw new HabsburgError('invalid', `the template ${parsed.problem}`);
  return { prompt: fill(parsed.prompt, record, template.fields), answer: () => fill(parsed.answer, record, template.fields) };
}

/** Text, and which parts of it come from the record: [from, to). */
interface Filled {
  readonly text: string;
  readonly fields: readonly (readonly [number, number])[];
}

/** A field's value, and the first step of its path that the record lacks. */
function valueOf(
  field: string,
  paths: TemplatePlan['fields'],
  record: FieldRecord['fields'],
): { readonly value: unknown; readonly missing?: { readonly step: string | number; readonly known: readonly string[] } } {
  const path = paths !== undefined && Object.hasOwn(paths, field) ? parseFieldPath(paths[field])! : [field];
  let value: unknown = record;
  for (const step of path) {
    const holder: object = typeof value === 'object' && value !== null ? value : {};
    if (!Object.hasOwn(holder, step) || (typeof step === 'number') !== Array.isArray(holder))
      return { value: undefined, missing: { step, known: Array.isArray(holder) ? [] : Object.keys(holder) } };
    value = (holder as Record<string | number, unknown>)[step];
  }
  return { value };
}

/** Why a field is no text, and what may have been meant. */
function noText(field: string, paths: TemplatePlan['fields'], { fields, where }: FieldRecord): HabsburgError {
  const path = paths !== undefined && Object.hasOwn(paths, field) ? paths[field] : undefined;
  const { missing } = valueOf(field, paths, fields);
  const guess = typeof missing?.step === 'string' ? nearest(missing.step, missing.known) : undefined;
  const from = path === undefined ? '' : `, which data.fields takes from ${JSON.stringify(path)}`;
  const known = missing && missing.known.length > 0 ? missing.known : Object.keys(fields);
  const has = `the record has ${known.join(', ') || 'no fields'}`;
  const hint = guess === undefined ? '' : path === undefined ? `; with data.fields: {${field}: ${guess}} it is read from ${guess}` : `; did you mean ${guess}?`; // prettier-ignore
  return new HabsburgError('invalid', `${where}: the template needs a text as field ${JSON.stringify(field)}${from}; ${has}${hint}`); // prettier-ignore
}

function fill(pieces: readonly TemplatePiece[], record: FieldRecord, paths: TemplatePlan['fields']): Filled {
  let text = '';
  const spans: [number, number][] = [];
  for (const piece of pieces) {
    if ('text' in piece) {
      text += piece.text;
      continue;
    }
    const { value } = valueOf(piece.field, paths, record.fields);
    if (typeof value !== 'string') throw noText(piece.field, paths, record);
    spans.push([text.length, text.length + value.length]);
    text += value;
  }
  return { text, fields: spans };
}

/** The tokens of a record's prompt alone, for a model to continue. */
export function promptRow(record: FieldRecord, options: TemplateOptions): number[] {
  return [
    ...(options.prefix ?? options.tokenizer.prefix),
    ...encodeFilled(fillTemplate(options.template, record).prompt, options),
  ];
}

/**
 * The tokens of a record with its answer. Prompt and answer are encoded as one text where the prompt's tokens stay the same in it,
 * as nearly always, and apart where they would not.
 */
export function templateRow(record: FieldRecord, options: TemplateOptions): TemplateRow {
  const filled = fillTemplate(options.template, record);
  const { prompt } = filled;
  const answer = filled.answer();
  const start = encodeFilled(prompt, options);
  const shift = prompt.text.length;
  const whole = encodeFilled(
    { text: prompt.text + answer.text, fields: [...prompt.fields, ...answer.fields.map(([from, to]) => [from + shift, to + shift] as const)] }, // prettier-ignore
    options,
  );
  const kept = start.every((id, i) => whole[i] === id);
  const behind = kept ? whole.slice(start.length) : encodeFilled(answer, options);
  const tokens = [...(options.prefix ?? options.tokenizer.prefix), ...start];
  const promptTokens = tokens.length;
  tokens.push(...behind);
  const [end] = options.endTokens;
  if (end === undefined && behind.length === 0)
    throw new HabsburgError('invalid', `${record.where}: the answer is empty, and the model has no end token to learn instead`);
  if (end !== undefined && !(behind.length > 0 && options.endTokens.includes(behind[behind.length - 1]))) tokens.push(end);
  return { tokens, promptTokens };
}

/** A special token's name is that token where the template writes it, and ordinary text in a field. */
function encodeFilled({ text, fields }: Filled, { tokenizer }: TemplateOptions): number[] {
  const specials = tokenizer.specials.filter((special) => special.length > 1);
  return encodeAsText(text, tokenizer, specials, (from, to) => fields.some(([a, b]) => from < b && to > a));
}

/** The end tokens of a config.json. */
export function endTokensOf(json: Readonly<Record<string, unknown>>): number[] {
  const ids = json.eos_token_id ?? [];
  return (Array.isArray(ids) ? ids : [ids]).map(Number);
}

/** An answer's text: its tokens without the end tokens behind it. */
export function answerText(
  tokens: readonly number[],
  endTokens: readonly number[],
  tokenizer: Pick<Tokenizer, 'decode'>,
): string {
  let end = tokens.length;
  while (end > 0 && endTokens.includes(tokens[end - 1])) end--;
  return tokenizer.decode(tokens.slice(0, end));
}

/** A row's labels: its tokens, or those of the answer alone. */
export function labelsOf(
  { tokens, promptTokens }: { readonly tokens: readonly number[]; readonly promptTokens: number },
  lossOn: 'all' | 'answer',
): Int32Array {
  const labels = Int32Array.from(tokens);
  return lossOn === 'answer' ? labels.fill(IGNORED, 0, promptTokens) : labels;
}

/**
 * Rows one after the other, cut into blocks (TRL's packing strategy "wrapped"): no padding, but a row sees the end of the one
 * before it. A block in which nothing is to be predicted is left out; the last one may be shorter.
 */
export function packRows(
  rows: readonly Int32Array[],
  labels: readonly Int32Array[],
  block: number,
): { rows: Int32Array[]; labels: Int32Array[] } {
  const join = (parts: readonly Int32Array[]): Int32Array => {
    const all = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  };
  const [ids, targets] = [join(rows), join(labels)];
  const packed = { rows: [] as Int32Array[], labels: [] as Int32Array[] };
  for (let from = 0; from < ids.length; from += block) {
    const blockLabels = targets.slice(from, from + block);
    if (!blockLabels.some((label, t) => t > 0 && label !== IGNORED)) continue;
    packed.rows.push(ids.slice(from, from + block));
    packed.labels.push(blockLabels);
  }
  return packed;
}
