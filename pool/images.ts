/**
 * Datasets of images: the pixels of all in images.idx3-ubyte, and in records.jsonl, in the same order, who made which. Any reader of
 * IDX files shows them; the mixture and the lineage read the records.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HabsburgError } from '../common/errors.js';
import type { Images } from '../common/images.js';
import type { CounterRng } from '../common/philox.js';
import { readIdxImages, writeIdxImages } from '../data/idx.js';
import type { RecordHead } from './records.js';
import { RECORDS_FILE, readHeads, writeRecords } from './records.js';

export const IMAGES_FILE = 'images.idx3-ubyte';

/** One image of a dataset. */
export interface ImageRecord extends RecordHead {
  readonly height: number;
  readonly width: number;
  /** (height, width), row by row */
  readonly pixels: Uint8Array;
}

/** Whether a dataset folder holds images rather than text. */
export async function holdsImages(folder: string): Promise<boolean> {
  return stat(join(folder, IMAGES_FILE)).then(
    () => true,
    () => false,
  );
}

/** The pixels alone. */
export function readImages(folder: string): Promise<Images> {
  return readIdxImages(join(folder, IMAGES_FILE));
}

export async function readImageRecords(folder: string): Promise<ImageRecord[]> {
  const { count, height, width, pixels } = await readImages(folder);
  const heads: RecordHead[] = [];
  for await (const head of readHeads(join(folder, RECORDS_FILE))) heads.push(head);
  if (heads.length !== count)
    throw new HabsburgError('verification', `${folder} has ${count} images and ${heads.length} records; the dataset is damaged`);
  const size = height * width;
  return heads.map(({ id, origin }, i) => ({ id, origin, height, width, pixels: pixels.subarray(i * size, (i + 1) * size) }));
}

/** Writes a dataset of at least one image, all of one size; returns how many. */
export async function writeImageRecords(folder: string, records: readonly ImageRecord[]): Promise<number> {
  const [{ height, width }] = records;
  const pixels = new Uint8Array(records.length * height * width);
  records.forEach((record, i) => pixels.set(record.pixels, i * height * width));
  await writeIdxImages(join(folder, IMAGES_FILE), { count: records.length, height, width, pixels });
  return writeRecords(
    join(folder, RECORDS_FILE),
    records.map(({ id, origin }) => ({ id, origin })),
  );
}

/** Positions of a file's images by the split that gets them. */
export interface ImageSplits {
  readonly train: readonly number[];
  readonly valid: readonly number[];
  readonly test: readonly number[];
}

/** Divides `count` images by lot: round(share · count) for validation and for test, the rest for training, each in file order. */
export function holdOut(count: number, shares: { readonly valid: number; readonly test: number }, rng: CounterRng): ImageSplits {
  const order = [...rng.permutation(count)];
  const [valid, test] = [Math.round(shares.valid * count), Math.round(shares.test * count)];
  const sorted = (from: number, to?: number): number[] => order.slice(from, to).sort((a, b) => a - b);
  return { valid: sorted(0, valid), test: sorted(valid, valid + test), train: sorted(valid + test) };
}
