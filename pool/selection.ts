/**
 * Selections: which records of which sets, by digest and position, in order, and what they count for. A training set is stored as one, not as a copy; so is
 * everything that a member has written so far, which names the same of the generation before and what was added.
 */
import { once } from 'node:events';
import { closeSync, createReadStream, createWriteStream, openSync, readSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ArtifactKind } from '../artifacts/types.js';
import { isDigest, type Digest } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import { holdsImages, readImageRecords, writeImageRecords, type ImageRecord } from './images.js';
import { RECORDS_FILE } from './records.js';

export const SELECTION_FILE = 'selection.json';
/** beside the records of a selection in which they do not count alike: a float32 each, little-endian */
export const WEIGHTS_FILE = 'weights.f32';
export const SELECTION_SCHEMA = 'habsburg.selection/v1';
/** bytes read at a time */
const CHUNK = 1 << 20;

const digest = z.custom<Digest>(isDigest, 'expected a digest');
const whole = z.number().int().nonnegative();

/**
 * `selection.json`: the sets that records are taken from, and runs of [set, first position, count, what each counts for in the loss]; the
 * last is 1 where it is missing. A run may come twice.
 */
const selectionDocument = z.object({
  schema: z.literal(SELECTION_SCHEMA),
  sets: z.array(z.object({ kind: z.enum(['dataset', 'selection']), digest, records: whole })),
  runs: z.array(z.union([z.tuple([whole, whole, whole]), z.tuple([whole, whole, whole, z.number().positive()])])),
});
export type SelectionDocument = z.infer<typeof selectionDocument>;

/** A set that a selection takes records from. */
export interface SelectedSet {
  readonly kind: ArtifactKind;
  readonly digest: Digest;
  readonly records: number;
}

/** @param runs name sets by their keys; sets that no run names are left out */
export function selectionOf(
  sets: ReadonlyMap<string, SelectedSet>,
  runs: Iterable<{ readonly set: string; readonly first: number; readonly count: number; readonly weight?: number }>,
): SelectionDocument {
  const places = new Map<string, number>();
  const used: SelectionDocument['sets'] = [];
  const placed: SelectionDocument['runs'] = [];
  for (const { set, first, count, weight = 1 } of runs) {
    let place = places.get(set);
    if (place === undefined) {
      const { kind, digest, records } = sets.get(set)!;
      if (kind !== 'dataset' && kind !== 'selection') throw new Error(`internal: ${set} is a ${kind}, not a set of records`);
      place = used.push({ kind, digest, records }) - 1;
      places.set(set, place);
    }
    placed.push(weight === 1 ? [place, first, count] : [place, first, count, weight]);
  }
  return { schema: SELECTION_SCHEMA, sets: used, runs: placed };
}

/** One line a run, so that the file can be read and compared by eye. */
export async function writeSelection(folder: string, { runs, ...head }: SelectionDocument): Promise<void> {
  const lines = runs.map((run) => JSON.stringify(run)).join(',\n');
  await writeFile(join(folder, SELECTION_FILE), `${JSON.stringify(head).slice(0, -1)},"runs":[\n${lines}\n]}\n`);
}

/** @throws HabsburgError 'verification' where a document is none, or names records that its sets do not have */
export function parseSelection(bytes: Uint8Array, where: string): SelectionDocument {
  const wrong = (what: string) => new HabsburgError('verification', `${where}: ${what}; the selection is damaged`);
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    throw wrong('is not JSON');
  }
  const parsed = selectionDocument.safeParse(value);
  if (!parsed.success) throw wrong(parsed.error.issues[0].message);
  for (const [set, first, count] of parsed.data.runs)
    if (!(first + count <= parsed.data.sets[set]?.records)) throw wrong(`run [${set}, ${first}, ${count}] leads outside its set`);
  return parsed.data;
}

/** Records of one dataset, from a position on. */
export interface Piece {
  readonly dataset: Digest;
  readonly first: number;
  readonly count: number;
  /** what each counts for in the loss; absent: 1 */
  readonly weight?: number;
}

/** A selection down to its datasets. @param read gives a selection's document */
export async function piecesOf(of: Digest, read: (digest: Digest) => Promise<SelectionDocument>): Promise<Piece[]> {
  const { sets, runs } = await read(of);
  const inner = new Map<number, readonly Piece[]>();
  for (const [i, set] of sets.entries()) if (set.kind === 'selection') inner.set(i, await piecesOf(set.digest, read));
  const pieces: Piece[] = [];
  for (const [i, first, count, weight = 1] of runs) {
    const { kind, digest, records } = sets[i];
    const weigh = (piece: Piece): Piece => (weight === 1 ? piece : { ...piece, weight: weight * (piece.weight ?? 1) });
    if (kind === 'dataset') pieces.push(weigh({ dataset: digest, first, count }));
    else if (count === records) for (const piece of inner.get(i)!) pieces.push(weigh(piece));
    else for (const piece of cut(inner.get(i)!, first, count)) pieces.push(weigh(piece));
  }
  return pieces;
}

/** `count` records of pieces that follow each other, from the position `first` on. */
function cut(pieces: readonly Piece[], first: number, count: number): Piece[] {
  const found: Piece[] = [];
  let at = 0;
  for (const piece of pieces) {
    const from = Math.max(first, at);
    const to = Math.min(first + count, at + piece.count);
    if (from < to) found.push({ ...piece, first: piece.first + from - at, count: to - from });
    at += piece.count;
    if (at >= first + count) break;
  }
  return found;
}

/** Writes the records of pieces as a dataset, and what they count for where that differs; texts without reading them into memory. @param folderOf a dataset's folder */
export async function copyRecords(
  pieces: readonly Piece[],
  folderOf: (dataset: Digest) => Promise<string>,
  out: string,
): Promise<void> {
  const folders = new Map<Digest, string>();
  for (const { dataset } of pieces) if (!folders.has(dataset)) folders.set(dataset, await folderOf(dataset));
  const first = folders.values().next().value;
  if (first !== undefined && (await holdsImages(first))) await copyImages(pieces, folders, out);
  else await copyLines(pieces, folders, out);
  if (pieces.some(({ weight = 1 }) => weight !== 1)) await writeWeights(pieces, join(out, WEIGHTS_FILE));
}

async function writeWeights(pieces: readonly Piece[], file: string): Promise<void> {
  const bytes = Buffer.alloc(4 * pieces.reduce((sum, { count }) => sum + count, 0));
  let at = 0;
  for (const { count, weight = 1 } of pieces) for (let i = 0; i < count; i++) at = bytes.writeFloatLE(weight, at);
  await writeFile(file, bytes);
}

/** What each record of a folder counts for in the loss; undefined where all count alike. */
export async function readWeights(folder: string): Promise<Float32Array | undefined> {
  const bytes = await readFile(join(folder, WEIGHTS_FILE)).catch((error: unknown) => {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  });
  return bytes && Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
}

async function copyImages(pieces: readonly Piece[], folders: ReadonlyMap<Digest, string>, out: string): Promise<void> {
  const images = new Map<Digest, ImageRecord[]>();
  for (const [dataset, folder] of folders) images.set(dataset, await readImageRecords(folder));
  await writeImageRecords(
    out,
    pieces.flatMap(({ dataset, first, count }) => {
      const found = images.get(dataset)!.slice(first, first + count);
      if (found.length < count) throw missing(dataset);
      return found;
    }),
  );
}

async function copyLines(pieces: readonly Piece[], folders: ReadonlyMap<Digest, string>, out: string): Promise<void> {
  const files = new Map<Digest, { readonly file: number; readonly starts: Float64Array }>();
  const target = createWriteStream(join(out, RECORDS_FILE), { highWaterMark: CHUNK });
  const finished = once(target, 'close');
  finished.catch(() => undefined);
  try {
    for (const [dataset, folder] of folders) {
      const path = join(folder, RECORDS_FILE);
      files.set(dataset, { file: openSync(path, 'r'), starts: await lineStarts(path) });
    }
    for (const { dataset, first, count } of pieces) {
      const { file, starts } = files.get(dataset)!;
      const end = starts[first + count];
      if (end === undefined) throw missing(dataset);
      for (let at = starts[first]; at < end;) {
        const chunk = Buffer.allocUnsafe(Math.min(CHUNK, end - at));
        const read = readSync(file, chunk, 0, chunk.length, at);
        if (read === 0) throw missing(dataset);
        if (!target.write(chunk.subarray(0, read))) await Promise.race([once(target, 'drain'), finished]);
        at += read;
      }
    }
  } finally {
    for (const { file } of files.values()) closeSync(file);
    target.end();
  }
  await finished;
}

function missing(dataset: Digest): HabsburgError {
  return new HabsburgError('verification', `a selection names records that dataset ${dataset} does not have; it is damaged`);
}

/** Where each line of a file starts, and after the last one its size. */
async function lineStarts(path: string): Promise<Float64Array> {
  let starts = new Float64Array(1 << 12);
  let lines = 0;
  let at = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK }) as AsyncIterable<Buffer>) {
    for (let i = chunk.indexOf(10); i >= 0; i = chunk.indexOf(10, i + 1)) {
      if (++lines === starts.length) {
        const grown = new Float64Array(2 * starts.length);
        grown.set(starts);
        starts = grown;
      }
      starts[lines] = at + i + 1;
    }
    at += chunk.length;
  }
  return starts.subarray(0, lines + 1);
}
