/** Of the candidates of a prompt one is picked, by a reward. */
import { z } from 'zod';
import { checkReading, readingFields, readingNeeds, readingsOf } from './reading.js';
import type { Operator, Verdict } from './types.js';

const settings = z
  .strictObject({
    ...readingFields,
    beta: z
      .number()
      .min(-1e6)
      .max(1e6)
      .refine((beta) => beta !== 0, 'a reward that counts for nothing picks by lot alone: give another number')
      .default(1)
      .describe('The reward is beta times the reading; below 0 the lowest reading is the best.'),
    pick: z
      .enum(['softmax', 'best'])
      .default('softmax')
      .describe(
        'softmax: each with probability exp(reward) over the sum of them all. best: the highest reward, of equal ones the first.',
      ),
  })
  .check(checkReading);

/**
 * With softmax, of K independent candidates of p the picked one has p'(x) = p(x) K E[e^r(x) / (e^r(x) + Σ_{i<K} e^r(x_i))], which tends to
 * p(x) e^r(x) / E[e^r] (Ferbach et al., "Self-consuming generative models with curated data", arXiv:2407.09499: Bradley-Terry for two,
 * Plackett-Luce for more). A candidate that has no reading is never picked; of a prompt that has no other nothing stays. Real texts have no
 * candidates and stay.
 */
export const curate: Operator<typeof settings> = {
  name: 'curate',
  version: 1,
  summary:
    'Of the candidates of a prompt one stays, picked by a reward: `beta` times `column` (divided by `per`) of an observation. Needs decoding.numReturnSequences.',
  settings,
  comparesTexts: true,
  draws: true,
  chooses: true,
  needs: readingNeeds,
  apply(texts, { beta, pick, ...reading }, tables, draw) {
    const rewards = readingsOf(texts, reading, tables).map((value) => beta * value);
    const groups = new Map<string, number[]>();
    texts.forEach(({ candidateOf }, i) => {
      if (candidateOf === undefined || Number.isNaN(rewards[i])) return;
      groups.set(candidateOf, [...(groups.get(candidateOf) ?? []), i]);
    });
    const picked = new Set<number>();
    for (const group of groups.values())
      picked.add(pick === 'best' ? best(group, rewards) : byLot(group, rewards, draw(group[0])));
    return texts.map(({ candidateOf }, i): Verdict => (candidateOf === undefined || picked.has(i) ? 'keep' : 'remove'));
  },
};

function best(group: readonly number[], rewards: readonly number[]): number {
  return group.reduce((found, i) => (rewards[i] > rewards[found] ? i : found));
}

/** @param u uniform in [0, 1) */
function byLot(group: readonly number[], rewards: readonly number[], u: number): number {
  const most = rewards[best(group, rewards)];
  // equal infinities weigh alike
  const weights = group.map((i) => (rewards[i] === most ? 1 : Math.exp(rewards[i] - most)));
  let left = u * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [k, i] of group.entries()) if ((left -= weights[k]) < 0) return i;
  return best(group, rewards);
}
