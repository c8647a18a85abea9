/** Vectors of texts for the metrics of meaning: from files or by an encoder, as tables of an observation. */
import { availableParallelism } from 'node:os';
import { basename, resolve } from 'node:path';
import { digestOf } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import { resolveEncoder } from '../data/checkpoint-source.js';
import { readEmbeddings, type Embeddings } from '../data/embeddings.js';
import { checkpointDigests } from '../data/identify.js';
import { Encoder } from '../engine/encoders/encoder.js';
import { REAL, WRITTEN, WRITTEN_SENTENCES } from '../evaluations/embeddings.js';
import { tableName, type ObservedTable } from '../evaluations/types.js';
import { pathOfSource } from '../spec/sources.js';
import { sentencesOf } from '../syntax/sentences.js';

/** What was embedded, and by whom. */
export interface Embedded {
  readonly tables: Readonly<Record<string, ObservedTable>>;
  /** as the settings of values name it */
  readonly encoder: string;
  /** its folder, where vectors are made and not read */
  readonly folder?: string;
}

export interface EmbeddingOptions {
  /** a folder, or a source as experiments name one */
  readonly encoder?: string;
  readonly embeddings?: string;
  readonly referenceEmbeddings?: string;
}

interface TextsToEmbed {
  readonly written?: readonly string[];
  readonly real?: readonly string[];
  /** whether the written ones are embedded by sentences, too */
  readonly sentences?: boolean;
}

/** @throws HabsburgError where a file has another number of rows than there are texts, or of dimensions, or an encoder cannot be loaded */
export async function embeddingsFor(options: EmbeddingOptions, texts: TextsToEmbed): Promise<Embedded | undefined> {
  const { encoder, embeddings, referenceEmbeddings } = options;
  if (encoder === undefined) return fromFiles(options, texts);
  if (embeddings !== undefined || referenceEmbeddings !== undefined)
    throw new HabsburgError('invalid', '--encoder makes the vectors that --embeddings would read; leave one of them out');
  if (texts.written === undefined)
    throw new HabsburgError('invalid', '--encoder goes with a file of texts; add that, or leave it out');
  const given = /^(hf:|file:)/.test(encoder) ? encoder : `file:${encoder}`;
  const source = given.startsWith('file:') ? `file:${resolve(pathOfSource(given))}` : given;
  const found = await resolveEncoder(source);
  const loaded = await Encoder.load(found.folder);
  const embed = async (some: readonly string[]): Promise<ObservedTable> => {
    const vectors = await loaded.embed(some, { threads: availableParallelism() });
    const dimensions = vectors[0]?.length ?? 0;
    const data = new Float32Array(vectors.length * dimensions);
    vectors.forEach((vector, i) => data.set(vector, i * dimensions));
    return tableFrom({ count: vectors.length, dimensions, data });
  };
  return {
    tables: {
      [tableName(WRITTEN)]: await embed(texts.written),
      ...(texts.real && { [tableName(REAL)]: await embed(texts.real) }),
      ...(texts.sentences && {
        [tableName(WRITTEN_SENTENCES)]: await embed(texts.written.flatMap((text) => sentencesOf(text))),
      }),
    },
    folder: found.folder,
    encoder: found.source ?? `file:${basename(found.folder)}@${digestOf(await checkpointDigests(found))}`,
  };
}

async function fromFiles(
  { embeddings, referenceEmbeddings }: EmbeddingOptions,
  texts: TextsToEmbed,
): Promise<Embedded | undefined> {
  if (embeddings === undefined) {
    if (referenceEmbeddings === undefined) return undefined;
    throw new HabsburgError('invalid', '--reference-embeddings goes with --embeddings FILE; add that, or leave it out');
  }
  const written = await read(embeddings, texts.written?.length);
  const real = referenceEmbeddings === undefined ? undefined : await read(referenceEmbeddings, texts.real?.length);
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
function tableFrom({ count, dimensions, data }: Embeddings): ObservedTable {
  const column = (k: number): Float64Array => Float64Array.from({ length: count }, (_, i) => data[i * dimensions + k]);
  return { columns: Object.fromEntries(Array.from({ length: dimensions }, (_, k) => [`embedding_${k}`, column(k)])) };
}
