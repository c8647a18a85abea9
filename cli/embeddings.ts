/** Vectors of texts for the metrics of meaning: from files, as tables of an observation. */
import { basename } from 'node:path';
import { HabsburgError } from '../common/errors.js';
import { readEmbeddings, type Embeddings } from '../data/embeddings.js';
import { REAL, WRITTEN } from '../evaluations/embeddings.js';
import { tableName, type ObservedTable } from '../evaluations/types.js';

/** What was embedded, and by whom. */
export interface Embedded {
  readonly tables: Readonly<Record<string, ObservedTable>>;
  /** as the settings of values name it */
  readonly encoder: string;
}

export interface EmbeddingFiles {
  readonly embeddings?: string;
  readonly referenceEmbeddings?: string;
}

/** @param texts how many texts there are, where there are any @throws HabsburgError where a file has another number of rows, or of dimensions */
export async function embeddingsFrom(
  { embeddings, referenceEmbeddings }: EmbeddingFiles,
  texts: { readonly written?: number; readonly real?: number },
): Promise<Embedded | undefined> {
  if (embeddings === undefined) {
    if (referenceEmbeddings === undefined) return undefined;
    throw new HabsburgError('invalid', '--reference-embeddings goes with --embeddings FILE; add that, or leave it out');
  }
  const written = await read(embeddings, texts.written);
  const real = referenceEmbeddings === undefined ? undefined : await read(referenceEmbeddings, texts.real);
  if (real && written.dimensions !== real.dimensions)
    throw new HabsburgError('invalid', `${embeddings} has ${written.dimensions} numbers a text and ${referenceEmbeddings} ${real.dimensions}; both must be of one encoder`); // prettier-ignore
  return {
    tables: { [tableName(WRITTEN)]: tableFrom(written), ...(real && { [tableName(REAL)]: tableFrom(real) }) },
    encoder: basename(embeddings),
  };
}

async function read(file: string, texts: number | undefined): Promise<Embeddings> {
  const found = await readEmbeddings(file);
  if (texts !== undefined && found.count !== texts)
    throw new HabsburgError(
      'invalid',
      `${file} has ${found.count} embeddings for ${texts} texts; give one a text, in their order`,
    );
  return found;
}

/** A column a dimension. */
export function tableFrom({ count, dimensions, data }: Embeddings): ObservedTable {
  const column = (k: number): Float64Array => Float64Array.from({ length: count }, (_, i) => data[i * dimensions + k]);
  return { columns: Object.fromEntries(Array.from({ length: dimensions }, (_, k) => [`embedding_${k}`, column(k)])) };
}
