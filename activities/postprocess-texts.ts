/** The heavy part of post-processing, for a thread of its own: what operators make of the texts of a set. */
import { join } from 'node:path';
import { loadTokenizer } from '../engine/tokenizer/files.js';
import { readTable } from '../data/table.js';
import { answerText } from '../data/template.js';
import { operatorNamed } from '../operators/index.js';
import { CounterRng, type RngKey } from '../common/philox.js';
import type { Tables, Text } from '../operators/types.js';
import { partOf, type PartTokenizer } from '../pool/part.js';
import { RECORDS_FILE, readAllRecords, readRecords, writeRecords, type DataRecord } from '../pool/records.js';
import type { OperatorPlan } from '../spec/operator-plan.js';

/** Everything can be cloned, so that it can go to a thread. */
export interface TextsToPostprocess {
  readonly operators: readonly OperatorPlan[];
  /** folders: the set, the tokenizer that it was written with, what it continues, tables of the set by tableName */
  readonly set: string;
  readonly tokenizer?: string;
  readonly endTokens: readonly number[];
  readonly prompts?: string;
  readonly tables: Readonly<Record<string, string>>;
  /** of operators that draw; `from`: how many operators went before this list */
  readonly rng: RngKey;
  readonly from: number;
  /** where records are written, if any has changed */
  readonly out: string;
}

export interface PostprocessedTexts {
  readonly read: number;
  readonly kept: number;
  /** records that are not as they were */
  readonly edited: number;
  readonly removed: readonly Removed[];
  /** positions of what was kept, as runs of [first, count]; what is there several times is named as often */
  readonly runs: readonly (readonly [number, number])[];
}

/** Of an operator: how many went, how many more there are of those that stay, and, where it says why texts go, how many for each reason. */
export interface Removed {
  readonly operator: string;
  readonly records: number;
  readonly copies: number;
  readonly reasons: Readonly<Record<string, number>>;
}

export async function postprocessTexts(job: TextsToPostprocess): Promise<PostprocessedTexts> {
  const records = await readAllRecords(job.set);
  const tokenizer = job.tokenizer === undefined ? undefined : await recordTokenizer(job.tokenizer, job.endTokens);
  const promptOf = await prompts(job, records, tokenizer);
  const tables: Tables = Object.fromEntries(
    await Promise.all(Object.entries(job.tables).map(async ([name, folder]) => [name, await readTable(folder)] as const)),
  );
  let left = records.map((record, position) => ({ record, position }));
  const removed: Removed[] = [];
  const rng = new CounterRng(job.rng);
  for (const [place, { name, settings }] of job.operators.entries()) {
    const operator = operatorNamed(name);
    const texts = left.map(({ record }) =>
      asText(record, operator.comparesPrompts ? promptOf(record) : undefined, operator.seesEnds ? job.endTokens : undefined),
    );
    // a table is of the set as it was read: who needs one comes first
    const lots = rng.derive(`${name}/${job.from + place}`);
    const verdicts = operator.apply(texts, settings, tables, (i, use) => lots.uniform(i, use));
    const counts = { operator: name, records: 0, copies: 0, reasons: {} as Record<string, number> };
    left = left.flatMap(({ record, position }, i) => {
      const verdict = verdicts[i];
      if (verdict === 'keep') return [{ record, position }];
      if (typeof verdict === 'object' && 'times' in verdict) {
        counts.copies += verdict.times - 1;
        return new Array<(typeof left)[number]>(verdict.times).fill({ record, position });
      }
      if (typeof verdict === 'object' && 'remove' in verdict) {
        counts.records++;
        counts.reasons[verdict.remove] = (counts.reasons[verdict.remove] ?? 0) + 1;
        return [];
      }
      if (typeof verdict === 'object' && 'tokens' in verdict)
        return [{ record: edited(record, verdict.tokens, tokenizer!), position }];
      const part = verdict === 'remove' ? undefined : partOf(record, verdict, tokenizer!);
      counts.records += part === undefined ? 1 : 0;
      return part === undefined ? [] : [{ record: part, position }];
    });
    removed.push(counts);
  }
  const changed = left.filter(({ record, position }) => record !== records[position]).length;
  if (changed > 0) await writeRecords(join(job.out, RECORDS_FILE), left.map(({ record }) => record)); // prettier-ignore
  return {
    read: records.length,
    kept: left.length,
    edited: changed,
    removed,
    runs: runsOf(left.map(({ position }) => position)),
  };
}

/** The record with other ids in place of its text's. */
function edited(record: DataRecord, ids: readonly number[], tokenizer: RecordTokenizer): DataRecord {
  const before = record.tokens.slice(0, record.prompt?.tokens ?? 0);
  const text = record.prompt === undefined ? tokenizer.decode(ids) : answerText(ids, tokenizer.endTokens, tokenizer);
  return { ...record, tokens: [...before, ...ids], text };
}

interface RecordTokenizer extends PartTokenizer {
  readonly specialIds: ReadonlySet<number>;
}

async function recordTokenizer(folder: string, endTokens: readonly number[]): Promise<RecordTokenizer> {
  const tokenizer = await loadTokenizer(folder);
  const { specials } = tokenizer;
  return {
    encode: (text) => tokenizer.encode(text),
    decode: (ids) => tokenizer.decode(ids),
    specials,
    endTokens,
    specialIds: new Set(specials.map((name) => tokenizer.idOf(name)).filter((id) => id !== undefined)),
  };
}

/** What a record continues, as text: its template's prompt without special tokens, or the block that its prompt's id names. */
async function prompts(
  { prompts: folder }: TextsToPostprocess,
  records: readonly DataRecord[],
  tokenizer: RecordTokenizer | undefined,
): Promise<(record: DataRecord) => string | undefined> {
  const byId = new Map<string, string>();
  const continued = new Set(records.map(({ origin }) => (origin.kind === 'generated' ? origin.prompt : undefined)));
  if (folder !== undefined)
    for await (const { id, text } of readRecords(join(folder, RECORDS_FILE))) if (continued.has(id)) byId.set(id, text);
  return ({ prompt, tokens, origin }) => {
    if (prompt !== undefined)
      return tokenizer!.decode(tokens.slice(0, prompt.tokens).filter((id) => !tokenizer!.specialIds.has(id)));
    return origin.kind === 'generated' && origin.prompt !== undefined ? byId.get(origin.prompt) : undefined;
  };
}

/** Of an id of several candidates: what they have in common (kinds/text/host/texts.ts recordOf). */
const CANDIDATE = /^(g\d+\/[^/]+)\/c\d+\/(\d+)$/;

function asText(
  { id, text, tokens: all, prompt, origin }: DataRecord,
  promptText: string | undefined,
  endTokens: readonly number[] | undefined,
): Text {
  const tokens = prompt === undefined ? all : all.slice(prompt.tokens);
  return {
    text,
    tokens,
    ...(endTokens && { ends: tokens.flatMap((id, place) => (endTokens.includes(id) ? [place] : [])) }),
    ...(origin.kind === 'generated' && origin.prompt !== undefined ? { continues: origin.prompt } : {}),
    ...(promptText === undefined ? {} : { prompt: promptText }),
    ...(origin.kind === 'generated' && { candidateOf: id.replace(CANDIDATE, '$1/$2') }),
  };
}

function runsOf(positions: readonly number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const position of positions) {
    const last = runs.at(-1);
    if (last && last[0] + last[1] === position) last[1]++;
    else runs.push([position, 1]);
  }
  return runs;
}
