/** Which splits hold a member's mixture: its training set does, and its validation and test set where it says so. */
import { isSource, sourcesOf, termsOf, type MixturePlan, type Term } from './mixture.js';
import type { Path, Problem } from './problems.js';

/** A split that may be mixed as the training set is. */
export type HeldOut = 'valid' | 'test';
const HELD_OUT: readonly HeldOut[] = ['valid', 'test'];

/** What a plan says of a member's splits. */
export interface Mixes {
  /** the splits that are mixed beside the training set; absent: none, models are validated and tested on real records */
  readonly mixes?: readonly HeldOut[];
}

/** @param mixes as a file says it; absent or `[train]`: nothing is said */
export function mixesPlan(mixes: readonly string[] | undefined): Mixes {
  const found = HELD_OUT.filter((split) => mixes?.includes(split));
  return found.length === 0 ? {} : { mixes: found };
}

/** Of a member of any family. */
export function mixesOf(member: object): readonly HeldOut[] {
  return (member as Mixes).mixes ?? [];
}

/** What a held-out split is drawn by: the same, but that all its records count alike. */
export function heldOutTerms(terms: readonly Term[]): readonly Term[] {
  return terms.map(({ lossWeight: _, ...one }) => one);
}

/** What of a mixture has no meaning for a held-out split. @param at of the mixture in the file */
export function checkMixes(reader: Mixes & { readonly mixture: MixturePlan }, at: Path): Problem[] {
  if (!reader.mixes) return [];
  const { mixture } = reader;
  const words = reader.mixes.join(' and ');
  const problem = (one: Term): [key: string, message: string, suggestion: string] | undefined => {
    if (one.generation === 'all')
      return ['generation', `all generations are read together of training sets alone, and mixes names ${words}`, 'use generation: previous, or leave mixes out']; // prettier-ignore
    if (one.draw === 'fresh')
      return ['draw', `what no generation has trained on is a part of data.train, and mixes names ${words}`, 'use draw: redrawn, or leave mixes out']; // prettier-ignore
    if (typeof one.take === 'object' && 'count' in one.take)
      return ['take', `a count is of training records, and mixes names ${words}`, 'use take: {share: …}, which each split has, or leave mixes out']; // prettier-ignore
    if (sourcesOf(one).some(isSource))
      return ['from', `a source has no splits, and mixes names ${words}`, 'use real or a member, or leave mixes out'];
    return undefined;
  };
  const found = termsOf(mixture).map(problem);
  const named = mixture.kind !== 'terms';
  const problems = found.flatMap((one, i) => {
    if (one === undefined) return [];
    const [key, message, suggestion] = one;
    return named
      ? [{ path: [...at, 'kind'], message: `${mixture.kind}: ${message}`, suggestion: 'use another mixture, or leave mixes out' }]
      : [{ path: [...at, i, key], message, suggestion }];
  });
  return named ? problems.slice(0, 1) : problems;
}
