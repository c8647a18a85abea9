/** Texts as an encoder places them: what the metrics of meaning have in common. */
import { z } from 'zod';
import { tableOf } from './input.js';
import type { Evaluation, EvaluationInput, ObservationRef, Settings } from './types.js';
import { firstVectors, type Vectors } from './vectors.js';

/** What model t wrote, and the real test texts. */
export const WRITTEN: ObservationRef = { observation: 'embedding', of: 'generated', under: 'encoder' };
export const REAL: ObservationRef = { observation: 'embedding', of: 'test', under: 'encoder' };

/** What model t wrote, sentence by sentence. */
export const WRITTEN_SENTENCES: ObservationRef = { observation: 'sentence-embedding', of: 'generated', under: 'encoder' };

/** The setting of whatever reads an encoder's table. */
export const encoder = z.string().default('').describe('Which sentence encoder; where it is not said, the one that the file names as `encoder`.'); // prettier-ignore

/** Settings of a metric of the first so many texts. */
export const ofTexts = (most: number) => ({
  texts: z.int().min(0).max(1e6).default(most).describe('The first so many texts, so that sizes are equal; 0: all.'),
  encoder,
});

/** The same of the first so many sentences. */
export const ofSentences = (most: number) => ({
  sentences: z.int().min(0).max(1e6).default(most).describe('The first so many sentences, so that sizes are equal; 0: all.'),
  encoder,
});

/** Vectors of the first texts or sentences; what an encoder gave column by column. */
export function embeddingsOf(input: EvaluationInput, need: ObservationRef, settings: Settings): Vectors {
  const { columns } = tableOf(input, need);
  const dimensions = Object.keys(columns).length;
  const count = dimensions === 0 ? 0 : columns.embedding_0.length;
  const data = new Float64Array(count * dimensions);
  for (let k = 0; k < dimensions; k++) {
    const column = columns[`embedding_${k}`];
    for (let i = 0; i < count; i++) data[i * dimensions + k] = column[i];
  }
  return firstVectors({ count, dimensions, data }, Number(settings.texts ?? settings.sentences));
}

/** What a metric that compares written with real texts says of itself. */
export const comparing = {
  version: 1,
  usual: false,
  of: 'texts',
  group: 'meaning',
  needs: { observations: [WRITTEN, REAL] },
  subject: 'generated',
} as const satisfies Partial<Evaluation>;
