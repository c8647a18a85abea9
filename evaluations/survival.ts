/** Which token types of the real training text a model still writes, and how much of its tail: what honest sampling alone has laws for. */
import { z } from 'zod';
import { textsOf } from './input.js';
import { rowsOf } from './rows.js';
import { spectrumOf } from './spectrum.js';
import { tailTypes } from './tails.js';
import type { Evaluation, EvaluationInput, Texts } from './types.js';

/** Also the name of the histogram from which a report knows how often the real types occur. */
export const SURVIVAL = { name: 'survival', variant: 'real-token-types' } as const;

const countsIn = ({ tokens }: Texts): Map<number, number> => {
  const counts = new Map<number, number>();
  for (const record of tokens) for (const token of record) counts.set(token, (counts.get(token) ?? 0) + 1);
  return counts;
};

/** The real training text's counts, as the metrics of a run ask for the same ones again and again. */
const known = new WeakMap<Texts, Map<number, number>>();

function realCounts(input: EvaluationInput): Map<number, number> {
  const real = textsOf(input, 'real');
  const counts = known.get(real) ?? countsIn(real);
  known.set(real, counts);
  return counts;
}

/**
 * |types(written) ∩ types(real)| / |types(real)| of token ids, in [0, 1], over all that was written and all real training records; n: written tokens.
 * `…/tail-rate`: share of written tokens that are of the real training text's rarest types (ties by id, ascending) that together have at most
 * `mass` of it; `…/tail-rate/of-real`: the same share of the real text; n: its tokens. Prompts of templates do not count.
 */
export const survival: Evaluation = {
  ...SURVIVAL,
  version: 1,
  summary:
    'Share of the real training token types that are still written, and share of what is written that is of their tail; 0 to 1. With it a page shows what honest sampling alone would do.',
  higherIsBetter: true,
  usual: false,
  of: 'texts',
  group: 'tail',
  needs: { records: ['generated', 'real'] },
  settings: z.strictObject({
    mass: z.number().gt(0).lt(1).default(0.05).describe('The tail: the rarest tokens that together are at most this share.'),
  }),
  subject: 'generated',
  compute(input, settings) {
    const real = [...realCounts(input)].sort(([a, m], [b, n]) => m - n || a - b);
    const written = countsIn(textsOf(input, 'generated'));
    const sum = (counts: Iterable<number>): number => [...counts].reduce((all, count) => all + count, 0);
    const [ofReal, ofWritten] = [sum(real.map(([, count]) => count)), sum(written.values())];
    if (ofReal === 0 || ofWritten === 0) return [];
    const frequencies = real.map(([, count]) => count);
    const tail = real.slice(0, tailTypes(frequencies, Number(settings.mass)));
    const row = rowsOf(this, settings);
    return [
      row(real.filter(([token]) => written.has(token)).length / real.length, ofWritten),
      row(sum(tail.map(([token]) => written.get(token) ?? 0)) / ofWritten, ofWritten, 'tail-rate'),
      row(sum(tail.map(([, count]) => count)) / ofReal, ofReal, 'tail-rate/of-real'),
    ];
  },
  series(input) {
    const real = realCounts(input);
    if (real.size === 0) return [];
    return [{ metric: this.name, variant: this.variant, version: this.version, ...spectrumOf([...real.values()]), below: 0, above: 0, n: real.size }]; // prettier-ignore
  },
};
