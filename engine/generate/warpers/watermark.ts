/**
 * Writes with a watermark (Kirchenbauer et al. 2023, arXiv:2301.10226): tokens that are green after the one before get `bias` more. Last of
 * all, as transformers' WatermarkLogitsProcessor is; which tokens are green is common/green-list.ts's word.
 */
import { z } from 'zod';
import { greenAfter, type GreenList } from '../../../common/green-list.js';
import type { DecodingSetting } from '../settings.js';
import type { Warper } from './types.js';

export interface Watermark extends GreenList {
  readonly bias: number;
}

export const watermark: DecodingSetting<Watermark | null> & { make(value: Watermark): Warper } = {
  schema: z.strictObject({
    bias: z.number().gt(0).max(100).describe('What a green token has more, in logits (delta).'),
    fraction: z.number().gt(0).lt(1).default(0.25).describe('Share of tokens that are green (gamma).'),
    key: z
      .int()
      .min(0)
      .max(2 ** 32 - 1)
      .default(1)
      .describe('Says which are green; the metric `watermark` finds them by the same key and fraction.'),
  }),
  off: null,
  help: 'marks what is written: `{bias: 2, fraction: 0.25, key: 1}`, tokens that are green after the one before get `bias` more',
  words: (value) => (value === null ? '' : `watermark ${value.bias}`),
  make: watermarkProcessor,
};

/** Numbers that lists take at most before they are made anew. */
const KEPT = 2 ** 24;

export function watermarkProcessor({ bias, ...greenList }: Watermark): Warper {
  const lists = new Map<number, Uint8Array>();
  return (scores, { tokens, length }) => {
    const before = tokens[length - 1];
    let green = lists.get(before);
    if (green?.length !== scores.length) {
      if ((lists.size + 1) * scores.length > KEPT) lists.clear();
      lists.set(before, (green = greenAfter(greenList, before, scores.length)));
    }
    for (let id = 0; id < scores.length; id++) if (green[id] === 1) scores[id] += bias;
  };
}
