/** How the sentences of each text are built. No model of the experiment looks: the parser of English that comes with Habsburg does. */
import { join } from 'node:path';
import { z } from 'zod';
import { RECORDS_FILE, readRecords } from '../pool/records.js';
import { parseTexts } from '../syntax/table.js';
import type { Instrument } from './types.js';

/** `sentence_count`, `word_count`; `conllu`: the parse, empty of a text without a word. Of what the model wrote, without a template's prompt. */
const instrument: Instrument = {
  version: 3,
  settings: z.strictObject({}),
  async run({ data }) {
    const texts: string[] = [];
    for await (const { text } of readRecords(join(data, RECORDS_FILE))) texts.push(text);
    return parseTexts(texts);
  },
};

export default instrument;
