/** IDX files, in which MNIST and its successors come (http://yann.lecun.com/exdb/mnist/): a big-endian header, then bytes. */
import { writeFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { fromSystemError, HabsburgError } from '../common/errors.js';
import type { Images } from '../common/images.js';
import { firstBytes, openToRead } from '../common/open-file.js';

/** Two zero bytes, unsigned bytes (8), three dimensions: what begins a file of images. */
const IMAGES_MAGIC = 0x0803;
const LABELS_MAGIC = 0x0801;
const HEADER = 16;
/** Pixels that a compressed file may hold, a million images of 28 x 28: more are given as they are. */
const MAX_UNPACKED = 768 * 2 ** 20;
/** Deflate makes no more bytes than that of one. */
const MAX_RATIO = 1032;
const MAX_SIDE = 4096;
const CHUNK = 2 ** 20;

/**
 * Reads a file of grey images, compressed by gzip or not. What its header announces is held against the file's size before memory is
 * taken for it, and no more is unpacked than that.
 * @throws HabsburgError `notFound`, or `invalid` naming the file and what is wrong with it
 */
export async function readIdxImages(path: string): Promise<Images> {
  const file = await openToRead(path);
  try {
    const { size } = await file.stat();
    const start = await firstBytes(file, 2);
    const packed = start[0] === 0x1f && start[1] === 0x8b;
    const plain = file.createReadStream({ start: 0, highWaterMark: CHUNK, autoClose: false });
    if (!packed) return await imagesOf(plain, path, size);
    const gunzip = createGunzip({ chunkSize: CHUNK });
    plain.on('error', (error) => gunzip.destroy(error));
    try {
      return await imagesOf(plain.pipe(gunzip), path, size * MAX_RATIO, MAX_UNPACKED);
    } catch (cause) {
      if (!((cause as NodeJS.ErrnoException).code ?? '').startsWith('Z_')) throw cause;
      throw new HabsburgError('invalid', `${path}: its gzip data is damaged (${(cause as Error).message}); fetch the file again`, { cause }); // prettier-ignore
    } finally {
      gunzip.destroy();
    }
  } catch (error) {
    throw fromSystemError(error, `reading the images ${path}`);
  } finally {
    await file.close();
  }
}

/**
 * @param path for messages
 * @param available bytes that can come, at most
 * @param limit bytes of pixels that are taken, at most
 */
async function imagesOf(stream: Readable, path: string, available: number, limit = Infinity): Promise<Images> {
  const refuse = (what: string): HabsburgError => new HabsburgError('invalid', `${path}: ${what}`);
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
  const start = await atLeast(HEADER, chunks);
  const { count, height, width } = readHeader(start, refuse);
  const size = count * height * width;
  const cutShort = (bytes: number, what: string): HabsburgError =>
    refuse(`is cut short: ${count} images of ${height} x ${width} are announced, ${what}${Math.floor(bytes / (height * width))} are there; fetch the file again`); // prettier-ignore
  if (size > available - HEADER) throw cutShort(available - HEADER, 'at most ');
  if (size > limit)
    throw refuse(
      `unpacks to ${size} bytes, more than the ${limit} that are taken; unpack it first (gzip -d), or give fewer images`,
    );
  const pixels = new Uint8Array(size);
  let filled = 0;
  for (let chunk: Buffer | undefined = start.subarray(HEADER); chunk !== undefined; chunk = (await chunks.next()).value) {
    if (filled + chunk.length > size) throw refuse(`goes on after its ${count} images`);
    pixels.set(chunk, filled);
    filled += chunk.length;
  }
  if (filled < size) throw cutShort(filled, '');
  return { count, height, width, pixels };
}

/** The first bytes of a stream, at least so many where it has them. */
async function atLeast(count: number, chunks: AsyncIterator<Buffer, undefined>): Promise<Buffer> {
  let start = Buffer.alloc(0);
  while (start.length < count) {
    const next = await chunks.next();
    if (next.done) break;
    start = Buffer.concat([start, next.value]);
  }
  return start;
}

function readHeader(bytes: Buffer, refuse: (what: string) => HabsburgError): Omit<Images, 'pixels'> {
  const magic = bytes.length < 4 ? -1 : bytes.readUInt32BE(0);
  if (magic === LABELS_MAGIC) throw refuse('holds labels, not images; name the file that ends in images-idx3-ubyte');
  if (magic !== IMAGES_MAGIC) throw refuse('is not an IDX file of images (it would begin with the bytes 0 0 8 3)');
  if (bytes.length < HEADER) throw refuse(`ends inside its header, after ${bytes.length} bytes; fetch the file again`);
  const [count, height, width] = [4, 8, 12].map((at) => bytes.readUInt32BE(at));
  if (count === 0) throw refuse('holds no images');
  if (height === 0 || width === 0 || height > MAX_SIDE || width > MAX_SIDE)
    throw refuse(`has images of ${height} x ${width} pixels; each side may have 1 to ${MAX_SIDE}`);
  return { count, height, width };
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
