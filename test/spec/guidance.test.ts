/** Guidance in an experiment file. */
import { expect, test } from '@jest/globals';
import { planRefusal } from '../../engines/plan.js';
import type { LanguageModelPlan } from '../../kinds/text/plan.js';
import { load, problems, SMALL } from './support.js';

const writing = (settings: string, strategy = 'greedy'): string =>
  SMALL.replace('decoding: { strategy: greedy', `decoding: { guidance: ${settings}, strategy: ${strategy}`);

test('it stands in the plan where it is given, and the reference engine refuses it', async () => {
  const { plan } = await load(writing('{ weight: 1, toward: generation-0 }'));
  expect((plan.population[0] as LanguageModelPlan).decoding.guidance).toEqual({ weight: 1, toward: 'generation-0' });
  const elsewhere = { ...plan, execution: { ...plan.execution, engine: 'reference' as const } };
  expect(planRefusal(elsewhere)).toContain('the engine reference does not do guidance');
  expect('guidance' in ((await load(SMALL)).plan.population[0] as LanguageModelPlan).decoding).toBe(false);
});

test.each([
  ['{ weight: 1 }', 'greedy', /decoding\.guidance: must have one of against and toward; add against: previous/],
  ['{ weight: 1, against: previous, toward: previous }', 'greedy', /decoding\.guidance: must have one of against and toward; remove one/], // prettier-ignore
  ['{ weight: 0, against: previous }', 'greedy', /decoding\.guidance\.weight: must be more than 0, but is 0/],
  ['{ weight: 1, against: base }', 'greedy', /decoding\.guidance\.against: unknown value "base"/],
  ['{ weight: 1, against: previous }', 'beam, beams: 2', /"guidance" is not implemented yet with strategy: beam; use strategy: greedy or sample/], // prettier-ignore
])('%s with %s is refused', async (settings, strategy, message) => {
  const found = await problems(writing(settings, strategy));
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(message);
});
