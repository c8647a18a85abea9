/** Texts are drawn anew by weights: those that look human more often. */
import { z } from 'zod';
import { checkReading, readingFields, readingNeeds, readingsOf } from './reading.js';
import { copies, type Operator } from './types.js';

const settings = z
  .strictObject({
    ...readingFields,
    observation: readingFields.observation.default('detection'),
    column: readingFields.column.default('p_written'),
    power: z.number().min(0).max(1000).default(10).describe('A text weighs (1 - reading)^power.'),
    size: z.number().gt(0).max(100).default(1.5).describe('So many times as many texts as there are, rounded to whole texts.'),
    maxRepeats: z.int().min(1).max(100).default(3).describe('So often a text may be drawn.'),
  })
  .refine(({ size, maxRepeats }) => size <= maxRepeats, {
    error: 'size asks for more texts than maxRepeats allows',
    path: ['size'],
    when: ({ issues }) => issues.length === 0,
  })
  .check(checkReading);

/**
 * As Drayson et al., "Machine-generated text detection prevents language model collapse" (arXiv:2502.15654): each text is there `maxRepeats`
 * times, and round(size n) are drawn one after the other, without replacement, by weights (1 - p)^10 of a detector's p that it was written
 * by a machine. A reading outside [0, 1] counts as its nearer end, one that is none as 1: what weighs nothing is never drawn, so fewer may
 * stay. Drawn by Efraimidis and Spirakis's keys (u^(1/w), the highest first), which is the same draw.
 */
export const resample: Operator<typeof settings> = {
  name: 'resample',
  version: 1,
  summary:
    'Texts are drawn anew, `size` times as many as there are and each `maxRepeats` times at most, without replacement, by weights (1 - `column`)^`power`.',
  settings,
  comparesTexts: true,
  draws: true,
  needs: readingNeeds,
  grows: ({ size }) => size,
  apply(texts, { power, size, maxRepeats, ...reading }, tables, draw) {
    const keys: { readonly text: number; readonly key: number }[] = [];
    readingsOf(texts, reading, tables).forEach((value, text) => {
      const p = Number.isNaN(value) ? 1 : Math.min(1, Math.max(0, value));
      // log of -log u^(1/w), the lowest first: tiny weights do not vanish
      const logWeight = power * Math.log1p(-p);
      if (power === 0 || p < 1)
        for (let use = 0; use < maxRepeats; use++) keys.push({ text, key: Math.log(-Math.log(1 - draw(text, use))) - (power === 0 ? 0 : logWeight) }); // prettier-ignore
    });
    keys.sort((a, b) => a.key - b.key || a.text - b.text);
    const times = new Array<number>(texts.length).fill(0);
    for (const { text } of keys.slice(0, Math.round(size * texts.length))) times[text]++;
    return times.map(copies);
  },
};
