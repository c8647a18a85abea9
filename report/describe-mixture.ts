/** A mixture in words. */
import { operatorWords } from '../spec/operator-plan.js';
import { sourceName } from '../spec/digest.js';
import { REAL, SELF, isSource, sourcesOf, type MixturePlan, type Term } from '../spec/mixture.js';
import { formatNumber } from './format.js';

const percent = (share: number) => `${formatNumber(share * 100, 3)} %`;

export function describeMixture(mixture: MixturePlan): string {
  switch (mixture.kind) {
    case 'terms':
      return mixture.terms.map(describeTerm).join(', ');
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

function describeTerm(term: Term): string {
  const { take, draw } = term;
  const much =
    take === 'all'
      ? 'all of'
      : 'share' in take
        ? percent(take.share)
        : 'count' in take
          ? `${take.count} records`
          : `by lot, weight ${formatNumber(take.weight, 3)},`;
  const how = { redrawn: '', fresh: ' (new ones)', 'in-place': ' in place of those of the same positions' }[draw];
  const sets = sourcesOf(term).map((source) => {
    if (source === REAL) return 'the real records';
    return isSource(source) ? sourceName(source) : written(source, term.generation);
  });
  const through = term.through ? `, through ${operatorWords(term.through)}` : '';
  const { lossWeight } = term;
  const each = lossWeight === 'golden' ? "by the golden ratio's weights" : formatNumber(lossWeight ?? 1, 3);
  const counts = lossWeight === undefined ? '' : `, which count ${each} in the loss`;
  return `${much} ${sets.join(' and ')}${how}${through}${counts}`;
}

function written(source: string, generation: Term['generation']): string {
  const who = source === SELF ? 'the member itself' : source;
  const when =
    generation === 'current'
      ? 'in the same generation'
      : generation === 'previous'
        ? 'in the generation before'
        : generation === 'all'
          ? 'in all generations before'
          : generation === 0
            ? 'in generation 0'
            : `${-generation} generations before`;
  return `what ${who} wrote ${when}`;
}
