/** What an experiment does, in words that a reader of the page can use. */
import { expect, test } from '@jest/globals';
import { sha256 } from '../../common/canonical.js';
import { describePlan } from '../../report/describe.js';
import { portablePlan } from '../../spec/digest.js';
import type { LanguageModelPlan } from '../../kinds/text/plan.js';
import { makeFixture } from './fixture.js';

test('files are told by name, also where a plan holds them by their digest', () => {
  const { plan } = makeFixture();
  const [member] = plan.population as readonly LanguageModelPlan[];
  const here = {
    ...plan,
    data: { text: { ...plan.data.text!, train: 'file:/texts/wiki.train.txt' } },
    population: [{ ...member, base: { kind: 'checkpoint' as const, source: 'file:/models/opt-125m' } }],
    sources: { 'file:/texts/wiki.train.txt': sha256('text'), 'file:/models/opt-125m': sha256('model') },
  } as typeof plan;
  const portable = portablePlan(here);
  expect(portable.data.text!.train).toContain('@sha256:');
  for (const told of [describePlan(here), describePlan(portable)])
    expect(told).toMatch(/^Generation 0 fits the language model opt-125m to (\d+ blocks of )?real text \(wiki\.train\.txt\)\./);
});
