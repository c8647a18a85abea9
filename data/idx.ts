/** IDX files, in which MNIST and its successors come (http://yann.lecun.com/exdb/mnist/): a big-endian header, then bytes. */
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { fromSystemError, HabsburgError } from '../common/errors.js';
import type { Images } from '../common/images.js';

/** Two zero bytes, unsigned bytes (8), three dimensions: what begins a file of images. */
const IMAGES_MAGIC = 0x0803;
const LABELS_MAGIC = 0x0801;
const HEADER = 16;
/** Bytes that a compressed file may grow to. */
const MAX_BYTES = 2 ** 31;
const MAX_SIDE = 4096;

/**
 * Reads a file of grey images, compressed by gzip or not.
 * @throws HabsburgError `notFound`, or `invalid` naming the file and what is wrong with it
 */
export async function readIdxImages(path: string): Promise<Images> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw fromSystemError(error, `reading the images ${path}`);
  }
  return parseIdxImages(bytes[0] === 0x1f && bytes[1] === 0x8b ? await decompressed(bytes, path) : bytes, path);
}

async function decompressed(bytes: Uint8Array, path: string): Promise<Uint8Array> {
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: MAX_BYTES });
  } catch (cause) {
    const large = (cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    const why = large ? `it grows to more than ${MAX_BYTES} bytes` : `its gzip data is damaged (${(cause as Error).message})`;
    throw new HabsburgError('invalid', `${path}: ${why}; ${large ? 'give fewer images' : 'fetch the file again'}`, { cause });
  }
}

/** @param path for messages */
export function parseIdxImages(bytes: Uint8Array, path: string): Images {
  const refuse = (what: string): HabsburgError => new HabsburgError('invalid', `${path}: ${what}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = bytes.length < 4 ? -1 : view.getUint32(0);
  if (magic === LABELS_MAGIC) throw refuse('holds labels, not images; name the file that ends in images-idx3-ubyte');
  if (magic !== IMAGES_MAGIC) throw refuse('is not an IDX file of images (it would begin with the bytes 0 0 8 3)');
  if (bytes.length < HEADER) throw refuse(`ends inside its header, after ${bytes.length} bytes; fetch the file again`);
  const [count, height, width] = [4, 8, 12].map((at) => view.getUint32(at));
  if (count === 0) throw refuse('holds no images');
  if (height === 0 || width === 0 || height > MAX_SIDE || width > MAX_SIDE)
    throw refuse(`has images of ${height} x ${width} pixels; each side may have 1 to ${MAX_SIDE}`);
  const size = count * height * width;
  if (bytes.length - HEADER < size) {
    const whole = Math.floor((bytes.length - HEADER) / (height * width));
    throw refuse(`is cut short: ${count} images of ${height} x ${width} are announced, ${whole} are there; fetch the file again`);
  }
  if (bytes.length - HEADER > size) throw refuse(`has ${bytes.length - HEADER - size} bytes after its ${count} images`);
  return { count, height, width, pixels: bytes.subarray(HEADER) };
}

/** Uncompressed; the same images give the same bytes. */
export async function writeIdxImages(path: string, { count, height, width, pixels }: Images): Promise<void> {
  const header = new DataView(new ArrayBuffer(HEADER));
  [IMAGES_MAGIC, count, height, width].forEach((number, i) => header.setUint32(4 * i, number));
  try {
    await writeFile(path, Buffer.concat([new Uint8Array(header.buffer), pixels]));
  } catch (error) {
    throw fromSystemError(error, `writing ${path}`);
  }
}
