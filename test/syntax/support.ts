/** Sentences of UD English-EWT (CC BY-SA 4.0): an eighth of its test set (golden/), without lemmas and features. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { parseConllu } from '../../syntax/conllu.js';

const FILE = new URL('golden/ewt-test-sample.conllu.gz', import.meta.url);

export const sampleText = (): string => gunzipSync(readFileSync(FILE)).toString('utf8');
export const sample = () => [...parseConllu(sampleText(), 'ewt-test-sample.conllu')];
