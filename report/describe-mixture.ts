/** What a condition trains on, in words. */
import type { MixtureRule } from '../spec/mixture.js';
import { formatNumber } from './format.js';

export function describeMixture(mixture: MixtureRule): string {
  const percent = (share: number) => `${formatNumber(share * 100, 3)} %`;
  switch (mixture.kind) {
    case 'replace':
      return 'only generated data: each generation’s records replace those before';
    case 'keep-share':
      return `${percent(mixture.share)} of the records are of the first real set, drawn anew each generation; the rest is generated`;
    case 'accumulate':
      return 'all records so far, real and generated';
    case 'accumulate-subsample':
      return 'as many records as one generation has, drawn from all so far';
    case 'fresh':
      return `${percent(mixture.share)} of the records are new real ones; the rest is generated`;
    case 'fixed-real':
      return 'the whole first real set, and as many generated records';
    case 'weights':
      return `each record comes from the model before (${percent(mixture.alpha)}), the one before that (${percent(mixture.beta)}) or new real data (${percent(mixture.gamma)})`;
  }
}
