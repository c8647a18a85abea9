/** Where a sentence encoder puts each sentence of the texts. */
import { z } from 'zod';
import { Encoder } from '../engine/encoders/encoder.js';
import { readAllRecords } from '../pool/records.js';
import { sentencesOf } from '../syntax/sentences.js';
import { embeddingColumns } from './embedding.js';
import type { Instrument } from './types.js';

/**
 * `embedding_0` … : as `embedding` has them, but a row a sentence, in their order; `record` is the text that it is of. Sentences are cut by
 * Habsburg's parser of English. No row of a text without a word.
 */
const instrument: Instrument = {
  version: 1,
  settings: z.strictObject({}),
  async run({ data, model }, { threads, device }) {
    const encoder = await Encoder.load(model);
    const rows = (await readAllRecords(data)).flatMap(({ id, text }) => sentencesOf(text).map((sentence) => ({ id, sentence })));
    const vectors = await encoder.embed(rows.map(({ sentence }) => sentence), { threads, device }); // prettier-ignore
    return { records: rows.map(({ id }) => id), columns: embeddingColumns(vectors) };
  },
};

export default instrument;
