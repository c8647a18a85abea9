/** observe: a table of what an instrument reads off every record, and what determines it. */
import { afterAll, expect, test } from '@jest/globals';
import { observe, type ObserveInput } from '../../activities/observe.js';
import { readTable, writeTable } from '../../data/table.js';
import { instrumentOf } from '../../observations/index.js';
import type { ObserveJob } from '../../kinds/host/types.js';
import { readAllRecords } from '../../pool/records.js';
import { Workplace, text } from '../support/workplace.js';

const at = new Workplace(async (job) => {
  const { data, out } = job as ObserveJob;
  const records = (await readAllRecords(data)).map(({ id }) => id);
  await writeTable(out, { records, columns: { nll_sum: Float64Array.from(records, (_, i) => i / 2) } });
  return { records: records.length };
});
afterAll(() => at.remove());

const real = await at.texts(['a', 'b', 'c'].map((id, i) => text(id, [i, 1])));
const input: ObserveInput = {
  place: at.place(),
  observation: 'likelihood',
  model: await at.model('reader'),
  data: await at.selection(real, 3, [[2, 1], [0, 1]]), // prettier-ignore
  settings: { lossOn: 'answer', temperature: 3 },
};
const ask = (one: ObserveInput) => at.do((deps) => (of: ObserveInput) => observe(deps, of), one);

test('a row a record of what was selected, and the table says how many', async () => {
  const { outputs } = await ask(input);
  const folder = at.folder();
  await at.store.materialise(outputs.table.digest, folder);
  expect(await readTable(folder)).toEqual({ records: ['c', 'a'], columns: { nll_sum: Float64Array.of(0, 0.5) } });
  expect((await at.store.manifest(outputs.table.digest)).facts).toEqual({ records: 2 });
});

test('the instrument takes of the settings what it has one for, the rest changes nothing', async () => {
  const result = await ask(input);
  expect(at.jobs.at(-1)).toMatchObject({ op: 'observe', observation: 'likelihood', settings: { lossOn: 'answer' } });
  const { parameters, stepVersion, engineFingerprint } = await at.stated(result);
  expect(parameters).toEqual({ observation: 'likelihood', settings: { lossOn: 'answer' } });
  expect(stepVersion).toBe((await instrumentOf('likelihood')).version);
  expect(engineFingerprint).toBe('an engine on cpu');
  const changed = await at.changed(ask, input, {
    lossOn: { ...input, settings: {} },
    observation: { ...input, observation: 'prediction' },
    model: { ...input, model: await at.model('another') },
    data: { ...input, data: real },
    temperature: { ...input, settings: { lossOn: 'answer', temperature: 1 } },
  });
  expect(changed).toEqual(['lossOn', 'observation', 'model', 'data']);
});

test('an unknown instrument, and a setting that it does not understand, are refused', async () => {
  await expect(ask({ ...input, observation: 'telescope' })).rejects.toThrow(/telescope/);
  await expect(ask({ ...input, settings: { lossOn: 'nothing' } })).rejects.toThrow(/lossOn/);
});
