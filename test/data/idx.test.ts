/** IDX files: what is read, what is refused, datasets of images, holding out. */
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CounterRng } from '../../common/philox.js';
import { readIdxImages, writeIdxImages } from '../../data/idx.js';
import type { ImageRecord } from '../../pool/images.js';
import { copyRecords } from '../../pool/selection.js';
import { holdOut, holdsImages, IMAGES_FILE, readImageRecords, readImages, writeImageRecords } from '../../pool/images.js';

/** Two images of 2 x 3 pixels, byte by byte after the format's description. */
const FILE = Buffer.from([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 250, 251, 252, 253, 254, 255]);
const IMAGES = { count: 2, height: 2, width: 3, pixels: Uint8Array.from([1, 2, 3, 4, 5, 6, 250, 251, 252, 253, 254, 255]) };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'habsburg-idx-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a file', () => {
  test('is read plain and compressed, and written back byte for byte', async () => {
    const [plain, packed, again] = ['plain', 'packed.gz', 'again'].map((name) => join(folder, name));
    await writeFile(plain, FILE);
    await writeFile(packed, gzipSync(FILE));
    for (const path of [plain, packed]) {
      const images = await readIdxImages(path);
      expect({ ...images, pixels: [...images.pixels] }).toEqual({ ...IMAGES, pixels: [...IMAGES.pixels] });
    }
    await writeIdxImages(again, IMAGES);
    expect((await readFile(again)).equals(FILE)).toBe(true);
  });

  test('that is not there is not found', async () => {
    await expect(readIdxImages(join(folder, 'nowhere'))).rejects.toMatchObject({ kind: 'notFound' });
  });

  test('whose gzip data is damaged is refused', async () => {
    const path = join(folder, 'damaged.gz');
    await writeFile(path, gzipSync(FILE).subarray(0, 25));
    await expect(readIdxImages(path)).rejects.toThrow(/damaged\.gz: its gzip data is damaged/);
  });

  const edited = (at: number, ...bytes: number[]): Uint8Array => {
    const copy = Buffer.from(FILE);
    copy.set(bytes, at);
    return copy;
  };
  test.each<[string, Uint8Array, string | RegExp]>([
    ['nothing', new Uint8Array(), 'f: is not an IDX file of images (it would begin with the bytes 0 0 8 3)'],
    ['text', Buffer.from('hello world, this is text'), 'f: is not an IDX file of images'],
    ['labels', edited(3, 1), 'f: holds labels, not images; name the file that ends in images-idx3-ubyte'],
    ['half a header', FILE.subarray(0, 10), 'f: ends inside its header, after 10 bytes'],
    [
      'cut short',
      FILE.subarray(0, 25),
      /f: is cut short: 2 images of 2 x 3 are announced, (at most )?1 are there; fetch the file again/,
    ],
    ['too much', Buffer.concat([FILE, Buffer.of(9)]), 'f: goes on after its 2 images'],
    ['no images', edited(4, 0, 0, 0, 0), 'f: holds no images'],
    ['no pixels', edited(8, 0, 0, 0, 0), 'f: has images of 0 x 3 pixels; each side may have 1 to 4096'],
    ['a lie of 2^96 bytes', edited(4, ...new Array<number>(12).fill(255)), 'f: has images of 4294967295 x 4294967295 pixels'],
    [
      'a lie of many images',
      edited(4, 255, 255, 255, 255),
      /f: is cut short: 4294967295 images of 2 x 3 are announced, at most \d+ are there/,
    ],
  ])('with %s is refused, plain and compressed', async (_, bytes, message) => {
    for (const content of [bytes, gzipSync(bytes)]) {
      await writeFile(join(folder, 'f'), content);
      await expect(readIdxImages(join(folder, 'f'))).rejects.toThrow(message);
    }
  });

  /** A compressed file of zeros: `count` images of 4096 x 4096 are announced, as many megabytes follow. */
  const zeros = async (name: string, count: number, megabytes: number): Promise<string> => {
    const header = Buffer.alloc(16);
    [0x0803, count, 4096, 4096].forEach((number, i) => header.writeUInt32BE(number, 4 * i));
    const chunk = Buffer.alloc(2 ** 20);
    const parts = [header, ...Array<Buffer>(megabytes).fill(chunk)];
    await pipeline(Readable.from(parts), createGzip(), createWriteStream(join(folder, name)));
    return join(folder, name);
  };

  test('that unpacks to more than fits is refused before it is unpacked', async () => {
    const path = await zeros('bomb.gz', 49, 784);
    const before = process.resourceUsage().maxRSS;
    await expect(readIdxImages(path)).rejects.toThrow(
      'bomb.gz: unpacks to 822083584 bytes, more than the 805306368 that are taken; unpack it first (gzip -d), or give fewer images',
    );
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(64 * 1024); // KiB
  });

  test('that goes on far behind what it announces is not unpacked to its end', async () => {
    const path = await zeros('long.gz', 1, 600);
    const before = process.resourceUsage().maxRSS;
    await expect(readIdxImages(path)).rejects.toThrow('long.gz: goes on after its 1 images');
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(128 * 1024);
  });

  test('that is a device is refused', async () => {
    await expect(readIdxImages('/dev/zero')).rejects.toThrow('/dev/zero: this is a device or socket, not a file');
  });
});

describe('a dataset', () => {
  const record = (i: number, byte: number) => ({
    id: `g1/v/00000${i}`,
    origin: { kind: 'generated', member: 'v', generation: 1, model: 'sha256:x' } as const,
    height: 2,
    width: 2,
    pixels: new Uint8Array(4).fill(byte),
  });

  test('keeps pixels and origins, in order', async () => {
    expect(await holdsImages(folder)).toBe(false);
    expect(await writeImageRecords(folder, [record(0, 7), record(1, 9)])).toBe(2);
    expect(await holdsImages(folder)).toBe(true);
    expect([...(await readImages(folder)).pixels]).toEqual([7, 7, 7, 7, 9, 9, 9, 9]);
    const again = await readImageRecords(folder);
    expect(again.map(({ pixels, ...rest }) => ({ ...rest, pixels: [...pixels] }))).toEqual(
      [record(0, 7), record(1, 9)].map(({ pixels, ...rest }) => ({ ...rest, pixels: [...pixels] })),
    );
  });

  test('whose records and images do not agree is damaged', async () => {
    await writeIdxImages(join(folder, IMAGES_FILE), { count: 1, height: 2, width: 2, pixels: new Uint8Array(4) });
    await expect(readImageRecords(folder)).rejects.toThrow(/has 1 images and 2 records; the dataset is damaged/);
  });

  test('takes its share of real images from the same places', async () => {
    const [real, written, out] = ['real', 'written', 'selected'].map((name) => join(folder, name));
    const kept = new Set([1, 4, 8]);
    for (const path of [real, written, out]) await mkdir(path, { recursive: true });
    const digests = [`sha256:${'a'.repeat(64)}`, `sha256:${'b'.repeat(64)}`] as const;
    await writeImageRecords(real, Array.from({ length: 10 }, (_, i): ImageRecord => ({ ...record(i, i), origin: { kind: 'real', source: 's' } }))); // prettier-ignore
    await writeImageRecords(
      written,
      Array.from({ length: 10 }, (_, i): ImageRecord => record(i, 100 + i)),
    );
    const pieces = Array.from({ length: 10 }, (_, i) => ({ dataset: digests[kept.has(i) ? 0 : 1], first: i, count: 1 }));
    await copyRecords(pieces, async (digest) => (digest === digests[0] ? real : written), out);
    const drawn = await readImageRecords(out);
    expect(drawn.map(({ pixels }) => pixels[0])).toEqual([100, 1, 102, 103, 4, 105, 106, 107, 8, 109]);
    expect(drawn.map(({ origin }) => origin.kind === 'real')).toEqual(drawn.map((_, i) => kept.has(i)));
  });
});

test('holding out divides a file by lot, without loss or repetition', () => {
  const rng = new CounterRng({ seed: 0, generation: 0, member: '', step: 'prepare' });
  const { train, valid, test: tests } = holdOut(1000, { valid: 0.05, test: 0.1 }, rng);
  expect([train.length, valid.length, tests.length]).toEqual([850, 50, 100]);
  expect([...train, ...valid, ...tests].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  // by lot: the mean place of 100 of 1000 has a standard deviation of about 27
  expect(Math.abs(tests.reduce((a, b) => a + b, 0) / 100 - 499.5)).toBeLessThan(110);
  expect(tests).toEqual([...tests].sort((a, b) => a - b));
});
