/** finetune: what determines a fitted model, and the job that the engine is given. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { finetuneActivity } from '../../activities/finetune.js';
import type { FinetuneInput } from '../../activities/types.js';
import type { FitJob } from '../../kinds/host/types.js';
import { readAllRecords } from '../../pool/records.js';
import { Workplace, text } from '../support/workplace.js';

/** what the engine found in the folders that it was given */
let found: { train: string[]; valid: string[]; start?: string; tokenizer?: string } | undefined;
const at = new Workplace(async (job) => {
  const { train, valid, start, out } = job as FitJob;
  const ids = async (folder: string) => (await readAllRecords(folder)).map(({ id }) => id);
  found = {
    train: await ids(train),
    valid: await ids(valid),
    ...('model' in start && { start: readFileSync(join(start.model, 'weights.bin'), 'utf8') }),
    ...('tokenizer' in start && { tokenizer: readFileSync(join(start.tokenizer!, 'tokenizer.json'), 'utf8') }),
  };
  writeFileSync(join(out, 'config.json'), '{}');
  writeFileSync(join(out, 'weights.bin'), 'fitted');
  return { steps: 4, loss: 2.5 };
});
afterAll(() => at.remove());

const real = await at.texts(['a', 'b', 'c'].map((id, i) => text(id, [i])));
const valid = await at.texts([text('v', [1])]);
const base = await at.model('base');
const training = { epochs: 1, lossOn: 'answer' } as unknown as FinetuneInput['training'];
const input: FinetuneInput = {
  place: at.place(),
  family: 'language-model',
  train: await at.selection(real, 3, [[1, 2], [0, 1]]), // prettier-ignore
  valid,
  start: { model: base },
  training,
};
const finetune = (more: Partial<FinetuneInput> = {}) => at.do(finetuneActivity, { ...input, ...more });

test('a model is fitted to the records of a selection, in its order, and published as it was left', async () => {
  const result = await finetune();
  expect(found).toEqual({ train: ['b', 'c', 'a'], valid: ['v'], start: 'base' });
  expect(at.jobs.at(-1)).toMatchObject({
    op: 'fit',
    family: 'language-model',
    training,
    rng: { seed: 7, generation: 2, member: 'm', step: 'finetune' },
  });
  expect(result.report).toEqual({ steps: 4, loss: 2.5 });
  expect(result.outputs.model.kind).toBe('model');
  expect((await at.store.readFile(result.outputs.model.digest, 'weights.bin')).toString()).toBe('fitted');
});

test('fresh weights start from an architecture and the tokenizer, where there is one', async () => {
  const scratch = { kind: 'scratch', config: { model_type: 'opt' } } as never;
  const tokenizer = await at.publish('tokenizer', { 'tokenizer.json': '{"t":1}' });
  const { inputs } = await at.stated(await finetune({ start: { scratch, tokenizer } }));
  expect(found).toMatchObject({ tokenizer: '{"t":1}' });
  expect(at.jobs.at(-1)).toMatchObject({ start: { scratch } });
  expect(Object.keys(inputs).sort()).toEqual(['tokenizer', 'train', 'valid']);
  await finetune({ start: { scratch } });
  expect(found).not.toHaveProperty('tokenizer');
});

test('everything that the weights depend on is part of the key', async () => {
  const scratch = { kind: 'scratch', config: { model_type: 'opt' } };
  const others: Record<string, FinetuneInput> = {
    train: { ...input, train: real },
    valid: { ...input, valid: await at.texts([text('w', [2])]) },
    start: { ...input, start: { model: await at.model('another') } },
    scratch: { ...input, start: { scratch } as never },
    training: { ...input, training: { ...training, epochs: 2 } as never },
    family: { ...input, family: 'vae' },
    seed: { ...input, place: at.place({ seed: 8 }) },
    generation: { ...input, place: at.place({ generation: 3 }) },
    member: { ...input, place: at.place({ member: 'n' }) },
    device: { ...input, place: at.place({ device: 'webgpu' }) },
    // and nothing else is
    'checkpoints come more often': { ...input, place: at.place({ checkpointSeconds: 1 }) },
    'every file is hashed': { ...input, place: at.place({ deep: true }) },
  };
  const changed = await at.changed((one) => at.do(finetuneActivity, one), input, others);
  expect(changed).toEqual(['train', 'valid', 'start', 'scratch', 'training', 'family', 'seed', 'generation', 'member', 'device']);
  // what model it starts from is told apart from what it starts with
  const { inputs, parameters } = await at.stated(await finetune());
  expect(Object.keys(inputs).sort()).toEqual(['start', 'train', 'valid']);
  expect(parameters).toEqual({ family: 'language-model', training, scratch: null });
});

test('an attempt goes on from the last checkpoint of the one before', async () => {
  expect(await at.resumes(finetuneActivity, { ...input, place: at.place({ seed: 50 }) })).toBe(true);
});
