/** What a file says of a paper: checked like any setting, in no plan and no digest. */
import { expect, test } from '@jest/globals';
import { recordedClaims } from '../../spec/claims.js';
import { planDigest } from '../../spec/digest.js';
import { SMALL, load, problems } from './support.js';

const with_ = (claim: string): string => `${SMALL}claims:\n  - { id: c, says: It rises., metric: perplexity, conditions: [replace], ${claim} }\n`; // prettier-ignore
const GROWS = 'statistic: { kind: growth }, direction: above';

test('claims change no plan and no digest, and are found in the document', async () => {
  const [bare, claimed] = [await load(SMALL), await load(with_(GROWS))];
  expect(claimed.plan).toEqual(bare.plan);
  expect(planDigest(claimed.plan)).toBe(planDigest(bare.plan));
  expect(recordedClaims(claimed.document)).toEqual([
    {
      id: 'c',
      says: 'It rises.',
      metric: 'perplexity',
      conditions: ['replace'],
      statistic: { kind: 'growth' },
      direction: 'above',
    },
  ]);
  expect(recordedClaims(bare.document)).toEqual([]);
  expect(recordedClaims({ claims: [{ id: 'of-another-version' }] })).toBeUndefined();
});

test('a generation beyond the experiment, and a metric that it does not measure, are the verdict’s to tell', async () => {
  expect(await problems(with_('statistic: { kind: growth, to: 99 }, direction: above'))).toEqual([]);
  expect(await problems(with_(GROWS).replace('metric: perplexity', 'metric: survival'))).toEqual([]);
});

test.each([
  ['statistic: { kind: growht }, direction: above', 'did you mean "growth"?'],
  ['statistic: { kind: growth, generation: 2 }, direction: above', 'generation'],
  ['statistic: { kind: ratio }, direction: above', 'claims.0.conditions: ratio compares two conditions; name two'],
  [
    'statistic: { kind: change, from: 2, to: 1 }, direction: above',
    'claims.0.statistic.to: must be a later generation than `from`',
  ],
  ['statistic: { kind: level }, direction: above', 'claims.0.threshold: is required'],
  ['statistic: { kind: growth }, direction: within', 'claims.0.threshold: within needs two bounds; write [low, high]'],
  ['statistic: { kind: growth }, direction: above, threshold: [1, 2]', 'claims.0.threshold: above needs one number'],
  ['statistic: { kind: change }, direction: within, threshold: [2, 1]', 'the first bound must be the lower one'],
  ['statistic: { kind: growth }, direction: above, threshold: 0', 'a growth is held against a positive number'],
  ['statistic: { kind: growth }, direction: above, expected: 0.5', 'claims.0.expected: 0.5 is not above the threshold'],
  [`${GROWS}, member: otp`, 'claims.0.member: there is no member "otp"; did you mean opt?'],
])('refused by place: %s', async (claim, sentence) => {
  expect((await problems(with_(claim))).join('\n')).toContain(sentence);
});

test('names that are not there', async () => {
  expect(await problems(with_(GROWS).replace('[replace]', '[replac]'))).toEqual([
    expect.stringContaining('claims.0.conditions.0: there is no condition "replac"; did you mean replace?'),
  ]);
  expect(await problems(with_(GROWS).replace('metric: perplexity', 'metric: perplexty'))).toEqual([
    expect.stringContaining('there is no metric "perplexty"; did you mean perplexity?'),
  ]);
  const metrics = 'metrics: [perplexity, { name: perplexity, variant: real-test/per-record }]\n';
  expect(await problems(`${with_(GROWS)}${metrics}`)).toEqual([
    expect.stringContaining(
      'claims.0.metric: perplexity is measured in several variants, real-test/exp-mean-token, real-test/per-record, and the claim must say which; write perplexity/real-test/exp-mean-token',
    ),
  ]);
  const twice = with_(GROWS);
  expect(await problems(`${twice}${twice.slice(twice.indexOf('  - { id: c'))}`)).toEqual([
    expect.stringContaining('claims.1.id: claim "c" is there twice'),
  ]);
});
