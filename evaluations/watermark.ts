/** Whether written texts carry a watermark, of the model that wrote them or of one that its training texts were written by. */
import { z } from 'zod';
import { isGreen, type GreenList } from '../common/green-list.js';
import { textsOf } from './input.js';
import { rowsOf } from './rows.js';
import type { Evaluation } from './types.js';

/** How far a number of green tokens lies above what chance makes, in standard deviations: (green − γ n) / √(n γ (1 − γ)). */
export function zScore(green: number, n: number, fraction: number): number {
  return (green - fraction * n) / Math.sqrt(n * fraction * (1 - fraction));
}

/**
 * z of the green tokens among the different pairs of a token and the one before it in the same record, over all written records: where
 * nobody marked anything standard normal, since no pair counts twice. `…/every-pair`: z with repeats, as transformers' WatermarkDetector
 * counts; `…/green-share`: green pairs / pairs of the first kind. n: pairs. Source: Kirchenbauer et al. 2023, arXiv:2301.10226; that a next
 * model inherits the mark: Sander et al. 2024, arXiv:2402.14904.
 */
export const watermark: Evaluation = {
  name: 'watermark',
  variant: 'z/distinct-pairs',
  version: 1,
  summary:
    'How far green tokens of a watermark exceed chance in what was written, in standard deviations: around 0 unmarked, above 4 marked.',
  usual: false,
  of: 'texts',
  group: 'other',
  needs: { records: ['generated'], modelTokens: true },
  settings: z.strictObject({
    fraction: z.number().gt(0).lt(1).default(0.25).describe('Share of tokens that are green, as decoding.watermark has it.'),
    key: z
      .int()
      .min(0)
      .max(2 ** 32 - 1)
      .default(1)
      .describe('Says which are green, as decoding.watermark has it.'),
  }),
  headline: ['z/distinct-pairs'],
  subject: 'generated',
  compute(input, settings) {
    const list: GreenList = { fraction: Number(settings.fraction), key: Number(settings.key) };
    const seen = new Map<string, boolean>();
    let [all, allGreen, green] = [0, 0, 0];
    for (const record of textsOf(input, 'generated').tokens) {
      for (let t = 1; t < record.length; t++) {
        const pair = `${record[t - 1]} ${record[t]}`;
        let isOne = seen.get(pair);
        if (isOne === undefined) {
          seen.set(pair, (isOne = isGreen(list, record[t - 1], record[t])));
          if (isOne) green++;
        }
        all++;
        if (isOne) allGreen++;
      }
    }
    if (all === 0) return [];
    const row = rowsOf(this, settings);
    return [
      row(zScore(green, seen.size, list.fraction), seen.size),
      row(zScore(allGreen, all, list.fraction), all, 'every-pair'),
      row(green / seen.size, seen.size, 'green-share'),
    ];
  },
};
