/** What a plan asks of its engine, before anything starts. */
import { expect, test } from '@jest/globals';
import { planRefusal } from '../../engines/plan.js';
import { SMALL, load } from '../spec/support.js';

test('an observation that a metric needs and the engine does not make is refused by name', async () => {
  const asking = (metrics: string, engine: string) => load(`${SMALL.replace('epochs: 2, ', 'epochs: 2, optimizer: adamw, ')}encoder: hf://a/b@c\nmetrics: [${metrics}]\nexecution: { engine: ${engine} }\n`); // prettier-ignore
  const reason = async (...of: Parameters<typeof asking>) => planRefusal((await asking(...of)).plan as never);
  expect(await reason('rep, d-sem', 'onnx-node')).toBeUndefined();
  expect(await reason('rep, d-sem', 'reference')).toBe(
    'd-sem: the engine reference cannot make the observation embedding; it has likelihood, prediction',
  );
});

test('and so is one that an operator reads', async () => {
  const reason = async (engine: string) =>
    planRefusal((await load(`${SMALL.replace('epochs: 2, ', 'epochs: 2, optimizer: adamw, ').replace('prompts:', 'postprocess: [resample]\n    prompts:')}execution: { engine: ${engine} }\n`)).plan as never); // prettier-ignore
  expect(await reason('onnx-node')).toBeUndefined();
  expect(await reason('reference')).toMatch(/^opt: the engine reference cannot make the observation detection/);
});
