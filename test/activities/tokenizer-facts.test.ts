/** What a tokenizer's artifact says of the texts that are written in it. */
import { afterAll, expect, test } from '@jest/globals';
import type { StepContext } from '../../activities/step.js';
import { tokenizerFacts } from '../../activities/tokenizer-facts.js';
import type { ArtifactManifest } from '../../artifacts/types.js';
import { failure } from '../artifacts/object-store-contract.js';
import { Workplace } from '../support/workplace.js';

const at = new Workplace();
afterAll(() => at.remove());

let made = 0;
const facts = async (said: ArtifactManifest['facts']) => {
  const ref = await at.publish('tokenizer', { 'tokenizer.json': `{"n":${made++}}` }, said);
  return { ref, read: () => tokenizerFacts({ store: at.store } as StepContext, ref) };
};

test('what rows begin and end with, in ids', async () => {
  const whole = await facts({ begins: 2, prefix: '0,17', ends: '2,50256' });
  expect(await whole.read()).toEqual({ begins: 2, prefix: [0, 17], endTokens: [2, 50256] });
  // no id is not the id 0
  expect(await (await facts({ begins: 0, prefix: '', ends: '' })).read()).toEqual({ begins: 0, prefix: [], endTokens: [] });
});

test.each<ArtifactManifest['facts']>([
  {},
  { begins: 1, prefix: '' },
  { begins: '1', prefix: '', ends: '' },
  { prefix: '', ends: '' },
])('one that says %j says not enough', async (said) => {
  const { ref, read } = await facts(said);
  expect(await failure(read())).toMatchObject({
    kind: 'verification',
    message: `tokenizer ${ref.digest} does not say what its texts begin and end with`,
  });
});
