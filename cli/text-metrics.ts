/** The metrics of texts on anybody's files: one JSON object a line with its text, and perhaps what it should have been. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { HabsburgError, fromSystemError } from '../common/errors.js';
import { parseRecords } from '../data/template.js';
import { ENCODER_PARSES, PARSES } from '../evaluations/d-syn.js';
import { evaluations } from '../evaluations/index.js';
import { sizeOf, sizeProblem, sizeSchema, valuesOf, type Size } from '../evaluations/size.js';
import { encode } from '../evaluations/token-ids.js';
import { split } from '../evaluations/tokenizers.js';
import {
  defaultsOf,
  tableName,
  type Evaluation,
  type EvaluationInput,
  type ObservationRef,
  type ScoreValue,
  type Settings,
} from '../evaluations/types.js';
import { parseConllu, writeConllu } from '../syntax/conllu.js';
import { parseTextsOver } from '../syntax/encoded/table.js';
import { parseTexts } from '../syntax/table.js';

export interface TextLine {
  readonly text: string;
  readonly references?: readonly string[];
  /** its parse, where the file is one of parses */
  readonly conllu?: string;
}

/** The tables that metrics of parses read: of the parser that comes with Habsburg, and of the one over an encoder's states. */
const [PARSED, PARSED_OVER] = [PARSES, ENCODER_PARSES].map(tableName);

/** Of FILE.conllu every sentence is a text. @throws HabsburgError naming the line that has no text */
export async function readTexts(file: string): Promise<TextLine[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw fromSystemError(error, `reading ${file}`);
  });
  if (file.endsWith('.conllu'))
    return Array.from(parseConllu(text, file), (sentence) => ({
      text: sentence.text ?? sentence.forms.join(' '),
      conllu: writeConllu(sentence),
    }));
  return parseRecords(text, file).map(({ fields, where }) => {
    const { text: value, references } = fields;
    if (typeof value !== 'string') throw new HabsburgError('invalid', `${where}: no text; a line is {"text": "…"}`);
    if (references === undefined) return { text: value };
    if (!Array.isArray(references) || references.length === 0 || !references.every((one) => typeof one === 'string'))
      throw new HabsburgError(
        'invalid',
        `${where}: references is not a list of texts, such as {"text": "…", "references": ["…"]}`,
      );
    return { text: value, references: references as string[] };
  });
}

/** What there is to measure. Words between white space stand for token ids, which are made where a metric asks for them. */
export function inputOf(lines: readonly TextLine[], real: readonly TextLine[] | undefined): EvaluationInput {
  const all = [...lines, ...(real ?? [])].map(({ text }) => text);
  let made: readonly (readonly number[])[] | undefined;
  const tokens = () => (made ??= encode(all, split).texts.map((row) => Array.from(row)));
  const texts = (from: number, to?: number) => ({
    texts: all.slice(from, to),
    ids: all.slice(from, to).map((_, i) => String(i + 1)),
    get tokens() {
      return tokens().slice(from, to);
    },
  });
  const generated = texts(0, lines.length);
  const references = referencesOf(lines, real);
  if (!real) return { records: { generated }, tables: {}, references };
  const reference = texts(lines.length);
  const tokenTypes = {
    get real() {
      return new Set(reference.tokens.flat());
    },
  };
  return { records: { generated, real: reference, test: reference }, tokenTypes, tables: {}, references };
}

/**
 * The parses that the file has, or else some that are made.
 * @param most sentences that are looked at; texts behind them are not parsed
 */
function parsesOf(lines: readonly TextLine[], most: number): EvaluationInput['tables'][string] {
  const conllu = lines.flatMap((line) => line.conllu ?? []);
  return conllu.length > 0 ? { columns: {}, texts: { conllu } } : parseTexts(lines.map(({ text }) => text), most); // prettier-ignore
}

/** What stands for the parses over an encoder's states until a metric reads them. */
export const parsesOver = (lines: readonly TextLine[]): EvaluationInput['tables'] =>
  lines.some(({ conllu }) => conllu !== undefined) ? {} : { [PARSED_OVER]: { columns: {} } };

/**
 * The tables that some metrics read of texts, beside those that are there.
 * @param encoder folder of the encoder whose states a parser reads
 */
export async function withParses(
  tables: EvaluationInput['tables'],
  lines: readonly TextLine[],
  metrics: readonly { readonly evaluation: Evaluation; readonly settings: Settings }[],
  encoder?: string,
): Promise<EvaluationInput['tables']> {
  /** sentences that some metric looks at; 0: none does */
  const most = (table: string): number => {
    const counts = metrics.flatMap(({ evaluation, settings }) =>
      reads(evaluation, table) ? [sizeOf(settings).size ? 0 : Number(settings.sentences)] : [],
    );
    return counts.includes(0) ? Infinity : Math.max(0, ...counts);
  };
  const [own, over] = [PARSED, PARSED_OVER].map(most);
  const texts = lines.map(({ text }) => text);
  return {
    ...tables,
    ...(own > 0 && { [PARSED]: parsesOf(lines, own) }),
    ...(over > 0 && { [PARSED_OVER]: await parseTextsOver(encoder!, texts, { threads: availableParallelism() }, over) }),
  };
}

/** Its own, or where no line has any the line of the same number in the other file. */
function referencesOf(lines: readonly TextLine[], real?: readonly TextLine[]): EvaluationInput['references'] {
  const own = lines.filter(({ references }) => references !== undefined).length;
  if (own > 0) {
    if (own === lines.length) return lines.map(({ references }) => references!);
    throw new HabsburgError('invalid', `${own} of ${lines.length} texts have references; give all of them some, or none`);
  }
  return real?.length === lines.length ? real.map(({ text }) => [text]) : undefined;
}

/** Whether there is all that it needs; of texts there are parses. */
function measurable({ of, needs }: Evaluation, input: EvaluationInput): boolean {
  const parsed = input.records.generated !== undefined;
  return (
    of === 'texts' &&
    needs.truth === undefined &&
    needs.modelTokens === undefined &&
    (needs.observations ?? []).every((need) => tableName(need) in input.tables || (parsed && tableName(need) === PARSED)) &&
    (needs.records ?? []).every((role) => input.records[role] !== undefined) &&
    (needs.tokenTypes ?? []).every((role) => input.records[role] !== undefined) &&
    (needs.references === undefined || input.references !== undefined)
  );
}

const reads = ({ needs }: Evaluation, table: string): boolean => needs.observations?.some((need) => tableName(need) === table) === true; // prettier-ignore
const readsParses = (evaluation: Evaluation): boolean => reads(evaluation, PARSED) || reads(evaluation, PARSED_OVER);

const labelOf = ({ name, variant }: Evaluation): string => `${name}.${variant}`;

/** NAME, NAME.VARIANT, or of distinct-1, -2 … `distinct`. */
const meant = (asked: string, evaluation: Evaluation): boolean =>
  asked === evaluation.name || asked === labelOf(evaluation) || asked === evaluation.name.replace(/-\d$/, '');

/**
 * Those that were asked for, or all that the files allow; of texts that are not parsed yet, parses only where they are asked for.
 * @throws HabsburgError of a name that is unknown, or whose needs the files do not meet
 */
export function chosen(asked: readonly string[] | undefined, input: EvaluationInput, parsed: boolean): Evaluation[] {
  const all = evaluations.filter(({ of }) => of === 'texts');
  if (asked === undefined)
    return all.filter((evaluation) => measurable(evaluation, input) && (parsed || !readsParses(evaluation)));
  for (const name of asked) {
    const found = all.filter((evaluation) => meant(name, evaluation));
    if (found.length === 0)
      throw new HabsburgError(
        'invalid',
        `there is no metric ${JSON.stringify(name)}; habsburg metrics --list says which there are`,
      );
    if (found.some((evaluation) => measurable(evaluation, input))) continue;
    const [{ needs }] = found;
    if (needs.observations?.every(({ under }) => under === 'encoder'))
      throw new HabsburgError('invalid', lackOfVectors(name, needs.observations, input));
    if (needs.truth || needs.modelTokens || needs.observations)
      throw new HabsburgError(
        'invalid',
        `${name} needs ${needs.modelTokens ? 'the tokens that a model wrote' : 'a model or a synthetic language'}; it is measured in experiments alone`,
      );
    throw new HabsburgError(
      'invalid',
      needs.references
        ? `${name} needs references: "references" on every line, or --reference FILE.jsonl with as many lines`
        : `${name} needs --reference FILE.jsonl, real texts to compare with`,
    );
  }
  return all.filter((evaluation) => asked.some((name) => meant(name, evaluation)) && measurable(evaluation, input));
}

/** What to do where a metric of meaning has not all vectors. */
function lackOfVectors(name: string, needed: readonly ObservationRef[], { tables }: EvaluationInput): string {
  if (needed.some(({ observation }) => observation === 'sentence-embedding'))
    return `${name} needs vectors of sentences, which --encoder FOLDER or hf://sentence-transformers/all-MiniLM-L6-v2@main makes`;
  if (needed.some((need) => tableName(need) === PARSED_OVER))
    return `${name} reads parses over an encoder's states: --encoder FOLDER of all-MiniLM-L6-v2, with a file of texts`;
  const written = needed.some((need) => need.of === 'generated' && tables[tableName(need)] === undefined);
  return written
    ? `${name} needs vectors of the texts: --encoder FOLDER or hf://sentence-transformers/all-MiniLM-L6-v2@main makes them, --embeddings FILE.npy or FILE.jsonl has them`
    : `${name} compares with real texts: add --reference REAL.jsonl with --encoder, or --reference-embeddings FILE`;
}

/** Settings that `--set KEY=VALUE` gives, of those metrics that have them. */
export function settingsFor(evaluation: Evaluation, given: Readonly<Record<string, string>>): Settings {
  const known = Object.keys(evaluation.settings.shape);
  const own = Object.entries(given).filter(([key]) => known.includes(key));
  const parsed = evaluation.settings.safeParse(Object.fromEntries(own.map(([key, value]) => [key, valueOf(value)])));
  if (parsed.success) return { ...defaultsOf(evaluation), ...(parsed.data as Settings) };
  const [{ path, message }] = parsed.error.issues;
  throw new HabsburgError('invalid', `--set ${path.join('.')} of ${labelOf(evaluation)}: ${message}`);
}

/**
 * What `--size texts=500,samples=20` says.
 * @throws HabsburgError of what is no size
 */
export function sizeGiven(text: string): Size {
  const pairs = text.split(',').map((part) => part.split('=').map((side) => side.trim()));
  const parsed = sizeSchema.safeParse(Object.fromEntries(pairs.map(([key, value = '']) => [key, valueOf(value)])));
  if (parsed.success) return parsed.data;
  throw new HabsburgError('invalid', `--size ${text}: a size is texts=NUMBER or words=NUMBER, and perhaps samples=10,seed=0`);
}

/**
 * Of these metrics those that can be measured at a size, and sentences about the others.
 * @throws HabsburgError of one that was asked for by name, and of a file that has less
 */
export function atSize(
  found: readonly Evaluation[],
  asked: readonly string[] | undefined,
  size: Size,
  settingsOf: (evaluation: Evaluation) => Settings,
): { readonly kept: readonly Evaluation[]; readonly notes: readonly string[] } {
  const problems = found.map((evaluation) => sizeProblem(evaluation, settingsOf(evaluation), size));
  const notes = problems.flatMap((problem) => problem ?? []);
  if (notes.length > 0 && asked !== undefined) throw new HabsburgError('invalid', `--size: ${notes[0]}`);
  return { kept: found.filter((_, i) => problems[i] === undefined), notes };
}

/** Between white space. */
export const wordsIn = (texts: readonly string[]): number => texts.reduce((sum, text) => sum + split(text).length, 0);

/** @throws HabsburgError of a file that has fewer texts or words than the size */
export function checkSize(file: string, texts: readonly string[], size: Size): void {
  const [has, wanted, unit] = 'texts' in size ? [texts.length, size.texts, 'texts'] : [wordsIn(texts), size.words, 'words'];
  if (has < wanted) throw new HabsburgError('invalid', `${file} has ${has} ${unit}, fewer than --size ${unit}=${wanted}`);
}

function valueOf(value: string): string | number | boolean {
  if (value === 'true' || value === 'false') return value === 'true';
  return value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : value;
}

export interface Measured extends ScoreValue {
  readonly higherIsBetter?: boolean;
  readonly signature?: string;
}

/** The values of a metric; none where it is not defined on these texts. */
export function measuredBy(evaluation: Evaluation, input: EvaluationInput, settings: Settings): Measured[] {
  const { higherIsBetter } = evaluation;
  const values = valuesOf(evaluation, input, settings);
  const signature =
    values.length === 0
      ? undefined
      : evaluation.signature?.(
          settings,
          (input.references ?? []).map((references) => ({ references })),
        );
  return values.map((value) => ({
    ...value,
    ...(higherIsBetter === undefined ? {} : { higherIsBetter }),
    ...(signature === undefined ? {} : { signature }),
  }));
}
