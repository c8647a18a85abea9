/** Embeddings from a file: .npy as numpy.save writes it, or .jsonl with {"embedding": […]} a line. */
import { readFile } from 'node:fs/promises';
import { HabsburgError, fromSystemError } from '../common/errors.js';
import { parseRecords } from './template.js';

export interface Embeddings {
  readonly count: number;
  readonly dimensions: number;
  /** (count, dimensions) */
  readonly data: Float32Array | Float64Array;
}

/** @throws HabsburgError 'invalid' naming what is wrong, in jsonl by line */
export async function readEmbeddings(file: string): Promise<Embeddings> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw fromSystemError(error, `reading ${file}`);
  });
  const embeddings = file.endsWith('.npy') ? parseNpy(bytes, file) : parseLines(bytes.toString('utf8'), file);
  const bad = embeddings.data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new HabsburgError(
      'invalid',
      `${file}: row ${Math.floor(bad / embeddings.dimensions) + 1} holds what is no finite number`,
    );
  return embeddings;
}

function parseLines(text: string, file: string): Embeddings {
  const rows = parseRecords(text, file).map(({ fields: { embedding }, where }, _, all) => {
    if (!Array.isArray(embedding) || embedding.length === 0 || !embedding.every((value) => typeof value === 'number'))
      throw new HabsburgError('invalid', `${where}: no embedding; a line is {"embedding": [0.1, …]}`);
    const { length } = all[0].fields.embedding as unknown[];
    if (embedding.length !== length)
      throw new HabsburgError('invalid', `${where}: ${embedding.length} numbers, where line 1 has ${length}; embeddings are all of one length`); // prettier-ignore
    return embedding as number[];
  });
  return { count: rows.length, dimensions: rows[0]?.length ?? 0, data: Float64Array.from(rows.flat()) };
}

const MAGIC = '\x93NUMPY';
const TYPES = { '<f4': Float32Array, '<f8': Float64Array } as const;

/** Format 1 to 3: magic, version, length of a header that is a Python dict, numbers. Source: numpy.lib.format. */
function parseNpy(bytes: Buffer, file: string): Embeddings {
  const refuse = (why: string): never => {
    throw new HabsburgError('invalid', `${file}: ${why}; save it with numpy.save, float32 or float64, (texts, dimensions)`);
  };
  if (bytes.length < 12 || bytes.toString('latin1', 0, 6) !== MAGIC) return refuse('no .npy file');
  const [at, length] = bytes[6] === 1 ? [10, bytes.readUInt16LE(8)] : [12, bytes.readUInt32LE(8)];
  const header = bytes.toString('latin1', at, at + length);
  const type = /'descr':\s*'([^']+)'/.exec(header)?.[1] as keyof typeof TYPES;
  const shape = /'shape':\s*\((\d+),\s*(\d+)\)/.exec(header);
  if (!Object.hasOwn(TYPES, type)) return refuse(`numbers of type ${type}`);
  if (!/'fortran_order':\s*False/.test(header) || shape === null) return refuse('no rows of numbers, one a text');
  const [count, dimensions] = [Number(shape[1]), Number(shape[2])];
  const size = count * dimensions * TYPES[type].BYTES_PER_ELEMENT;
  const body = bytes.subarray(at + length);
  if (body.length !== size) return refuse(`${body.length} bytes of numbers, where its header speaks of ${size}`);
  // a copy, for numbers begin at a multiple of their size
  return { count, dimensions, data: new TYPES[type](Uint8Array.from(body).buffer) };
}
