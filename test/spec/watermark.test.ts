/** A watermark in an experiment file, and the metric that looks for it. */
import { expect, test } from '@jest/globals';
import { decodingWords } from '../../engine/generate/decoding.js';
import { planRefusal } from '../../engines/plan.js';
import type { LanguageModelPlan } from '../../kinds/text/plan.js';
import { load, problems, SMALL } from './support.js';

const writing = (settings: string): string => SMALL.replace('decoding: {', `decoding: { ${settings},`);

test('what is not said of it is filled in, and the reference engine refuses it', async () => {
  const { plan } = await load(writing('watermark: { bias: 2 }'));
  const { decoding } = plan.population[0] as LanguageModelPlan;
  expect(decoding.watermark).toEqual({ bias: 2, fraction: 0.25, key: 1 });
  expect(decodingWords(decoding)).toContain('watermark 2');
  const elsewhere = { ...plan, execution: { ...plan.execution, engine: 'reference' as const } };
  expect(planRefusal(elsewhere)).toContain('the engine reference does not do');
  expect('watermark' in ((await load(SMALL)).plan.population[0] as LanguageModelPlan).decoding).toBe(false);
});

test('its metric is measured on request', async () => {
  const metrics = async (text: string) => (await load(text)).plan.metrics.filter(({ name }) => name === 'watermark');
  expect(await metrics(SMALL)).toEqual([]);
  const asked = await metrics(`${SMALL}metrics: [{ name: watermark, settings: { key: 3 } }]\n`);
  expect(asked.map(({ variant, settings }) => [variant, settings])).toEqual([['z/distinct-pairs', { fraction: 0.25, key: 3 }]]);
});

test.each([
  ['watermark: 2', /decoding\.watermark: /],
  ['watermark: { fraction: 0.5 }', /decoding\.watermark\.bias: is required/],
  ['watermark: { bias: 2, fraction: 1 }', /decoding\.watermark\.fraction: must be less than 1, but is 1/],
])('%s is refused', async (settings, message) => {
  const found = await problems(writing(settings));
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(message);
});
