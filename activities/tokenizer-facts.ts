/** What a tokenizer's artifact says of the texts that are written in it. */
import type { ArtifactRef } from '../artifacts/types.js';
import { HabsburgError } from '../common/errors.js';
import type { StepContext } from './step.js';

export interface TokenizerFacts {
  /** the token that a line begins with */
  readonly begins: number;
  /** the tokens that a record's row begins with */
  readonly prefix: readonly number[];
  readonly endTokens: readonly number[];
}

/** @throws HabsburgError 'verification' where it does not say so */
export async function tokenizerFacts(step: StepContext, { digest }: ArtifactRef): Promise<TokenizerFacts> {
  const { begins, prefix, ends } = (await step.store.manifest(digest)).facts;
  if (typeof begins !== 'number' || typeof prefix !== 'string' || typeof ends !== 'string')
    throw new HabsburgError('verification', `tokenizer ${digest} does not say what its texts begin and end with`);
  return { begins, prefix: idsOf(prefix), endTokens: idsOf(ends) };
}

function idsOf(fact: string): number[] {
  return fact === '' ? [] : fact.split(',').map(Number);
}
