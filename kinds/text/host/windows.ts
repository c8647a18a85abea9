/** How a model reads records whose likelihood is asked for: each by itself, or through a window that slides over the text they are cut from. */
import { join } from 'node:path';
import { z } from 'zod';
import { HabsburgError } from '../../../common/errors.js';
import { IGNORED } from '../../../common/labels.js';
import { tokenIds } from '../../../common/token-ids.js';
import { labelsOf } from '../../../data/template.js';
import { RECORDS_FILE, readRecords } from '../../../pool/records.js';

export const readingSettings = z.strictObject({
  /** of records with a template's prompt: what counts */
  lossOn: z.enum(['answer', 'all']).optional(),
  /** the first so many tokens of a record are read and do not count */
  prefix: z.int().min(1).optional(),
  /** tokens that the model sees at once: at most as many as it reads; absent: a record by itself */
  window: z.int().min(2).optional(),
  /** tokens by which the window moves; absent: half of it */
  stride: z.int().min(1).optional(),
});
export type Reading = z.output<typeof readingSettings>;

/** Rows for a model; of each, the tokens that count and whose they are. */
export interface ReadRows {
  readonly rows: Int32Array[];
  /** a token each, IGNORED where it does not count; absent: all do */
  readonly labels?: Int32Array[];
  /** of every token that counts, in order, the number of its record; absent: a row is a record */
  readonly owners?: Int32Array[];
  readonly records: number;
}

/** A text in a row. */
interface Passage {
  readonly tokens: Int32Array;
  readonly labels: Int32Array;
  /** the record that a token is of */
  readonly owners: Int32Array;
}

/**
 * The records of a dataset as a model reads them. With a window, records without a prompt are one text in their order; one with a prompt is a
 * text of its own.
 * @param maxPositions tokens that the model reads at most
 */
export async function readObserved(folder: string, reading: Reading, maxPositions: number): Promise<ReadRows> {
  const { lossOn, prefix = 0, window } = reading;
  const rows: Int32Array[] = [];
  const labels: Int32Array[] = [];
  const prompted: boolean[] = [];
  for await (const { id, tokens, prompt } of readRecords(join(folder, RECORDS_FILE))) {
    rows.push(tokenIds(tokens, `record ${id}`));
    labels.push(labelsOf({ tokens, promptTokens: prompt?.tokens ?? 0 }, lossOn ?? 'all').fill(IGNORED, 0, prefix));
    prompted.push(prompt !== undefined);
  }
  const records = rows.length;
  if (window === undefined) return lossOn === 'answer' || prefix > 0 ? { rows, labels, records } : { rows, records };
  const size = Math.min(window, maxPositions);
  const stride = reading.stride ?? Math.ceil(size / 2);
  if (stride > size)
    throw new HabsburgError(
      'invalid',
      `a window of ${size} tokens cannot move by ${stride}, which would leave tokens out; give a stride of at most ${size}${size < window ? ', as many as the model reads' : ''}`,
    );
  const passage = (of: readonly number[]): Passage => ({
    tokens: joined(of.map((i) => rows[i])),
    labels: joined(of.map((i) => labels[i])),
    owners: joined(of.map((i) => new Int32Array(rows[i].length).fill(i))),
  });
  const running = rows.map((_, i) => i).filter((i) => !prompted[i]);
  const passages = [passage(running), ...rows.flatMap((_, i) => (prompted[i] ? [passage([i])] : []))];
  const windows = passages.flatMap((one) => [...slidingWindows(one, size, stride)]);
  return {
    rows: windows.map(({ tokens }) => tokens),
    labels: windows.map((one) => one.labels),
    owners: windows.map((one) => one.owners),
    records,
  };
}

/**
 * Windows of `size` tokens, each `stride` on. A token counts once, in the first window that has it, with all before it in that window. The
 * first one of a text has nothing before it and does not count, nor do those that begin a window where stride is size.
 * Source: transformers' documentation, "Perplexity of fixed-length models".
 */
export function* slidingWindows({ tokens, labels, owners }: Passage, size: number, stride: number): Generator<Passage> {
  let done = 0;
  for (let begin = 0; done < tokens.length; begin += stride) {
    const end = Math.min(begin + size, tokens.length);
    const own = labels.slice(begin, end).fill(IGNORED, 0, Math.max(1, done - begin));
    const counted = owners.slice(begin, end).filter((_, i) => own[i] !== IGNORED);
    done = end;
    if (counted.length > 0) yield { tokens: tokens.slice(begin, end), labels: own, owners: counted };
  }
}

function joined(parts: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
