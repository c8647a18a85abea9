/** How the sentences of each text are built, by the parser over the states of a sentence encoder. */
import { join } from 'node:path';
import { z } from 'zod';
import { RECORDS_FILE, readRecords } from '../pool/records.js';
import { parseTextsOver } from '../syntax/encoded/table.js';
import type { Instrument } from './types.js';

/** `sentence_count`, `word_count`, `conllu` as of the observation `syntax`. */
const instrument: Instrument = {
  version: 1,
  settings: z.strictObject({}),
  async run({ data, model }, { threads, device }) {
    const texts: string[] = [];
    for await (const { text } of readRecords(join(data, RECORDS_FILE))) texts.push(text);
    return parseTextsOver(model, texts, { threads, device });
  },
};

export default instrument;
