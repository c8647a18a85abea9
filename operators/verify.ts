/** A verifier keeps texts by a score, and may err. */
import { z } from 'zod';
import { checkReading, readingFields, readingNeeds, readingsOf } from './reading.js';
import { hasLimits, LIMITS } from './settings.js';
import type { Operator, Verdict } from './types.js';

const error = z.number().min(0).max(1).default(0);

const settings = z
  .strictObject({
    ...readingFields,
    min: z.number().optional().describe('Good is a text whose reading is not below this,'),
    max: z.number().optional().describe('nor above this.'),
    errors: z
      .strictObject({
        lost: error.describe('Probability with which a good text is taken for a bad one.'),
        passed: error.describe('Probability with which a bad one is taken for a good one.'),
      })
      .optional()
      .describe('With min or max: the error rates of the verifier. Default: none.'),
    logistic: z
      .strictObject({ centre: z.number(), slope: z.number() })
      .optional()
      .describe('In place of limits: kept with probability 1 / (1 + exp(-slope (reading - centre))).'),
    near: z
      .strictObject({ centre: z.number(), width: z.number().gt(0) })
      .optional()
      .describe('In place of limits: kept with probability exp(-(reading - centre)² / (2 width²)).'),
  })
  .check(checkReading, ({ value: { min, max, errors, logistic, near }, issues }) => {
    const limited = min !== undefined || max !== undefined;
    if (Number(limited) + Number(logistic !== undefined) + Number(near !== undefined) !== 1)
      issues.push({ code: 'custom', message: 'needs one of: limits (min, max), logistic, near', input: undefined });
    else if (errors && !limited)
      issues.push({ code: 'custom', path: ['errors'], message: 'belong to min or max', input: errors });
    else if (limited && !hasLimits([min, max])) issues.push({ code: 'custom', message: LIMITS.error, input: min });
  });

/**
 * Feng et al., "Beyond model collapse: scaling up with synthesized data requires verification" (arXiv:2406.07515): what a verifier
 * passes can be learned from as long as it tells good from bad better than by chance. Yi et al., "Escaping model collapse via synthetic data
 * verification" (arXiv:2510.16657): a loop that learns from what is passed ends at the verifier's centre: with `near` a Gaussian N(m, s²)
 * becomes N(v (m/s² + centre/width²), v), 1/v = 1/s² + 1/width². A text that has no reading goes.
 */
export const verify: Operator<typeof settings> = {
  name: 'verify',
  version: 1,
  summary:
    'A text stays with a probability by `column` (divided by `per`) of an observation: within limits, with stated error rates, or by a logistic or bell curve.',
  settings,
  draws: true,
  needs: readingNeeds,
  apply(texts, { min, max, errors, logistic, near, ...reading }, tables, draw) {
    const keeps = (x: number): number => {
      if (Number.isNaN(x)) return 0;
      if (logistic) return 1 / (1 + Math.exp(-logistic.slope * (x - logistic.centre)));
      if (near) return Math.exp(-((x - near.centre) ** 2) / (2 * near.width ** 2));
      const good = x >= (min ?? -Infinity) && x <= (max ?? Infinity);
      return good ? 1 - (errors?.lost ?? 0) : (errors?.passed ?? 0);
    };
    return readingsOf(texts, reading, tables).map((x, i): Verdict => (draw(i) < keeps(x) ? 'keep' : 'remove'));
  },
};
