/** Where a sentence encoder puts each text. */
import { z } from 'zod';
import { Encoder } from '../engine/encoders/encoder.js';
import { readAllRecords } from '../pool/records.js';
import type { Instrument } from './types.js';

/**
 * `embedding_0` … : the vector that the encoder gives the record's text (of a template's record its answer), pooled and scaled as the encoder's
 * own files say, a column a number. A text that is longer than the encoder reads is cut.
 */
const instrument: Instrument = {
  version: 1,
  settings: z.strictObject({}),
  async run({ data, model }, { threads, device }) {
    const encoder = await Encoder.load(model);
    const texts = (await readAllRecords(data)).map(({ text }) => text);
    const vectors = await encoder.embed(texts, { threads, device });
    return { columns: embeddingColumns(vectors) };
  },
};

/** A column a dimension; none of no vector. */
export function embeddingColumns(vectors: readonly Float32Array[]): Record<string, Float32Array> {
  const column = (k: number): Float32Array => Float32Array.from(vectors, (vector) => vector[k]);
  const dimensions = vectors[0]?.length ?? 0;
  return Object.fromEntries(Array.from({ length: dimensions }, (_, k) => [`embedding_${k}`, column(k)]));
}

export default instrument;
