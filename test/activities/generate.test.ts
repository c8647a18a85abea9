/** generate: what determines what a model writes, and the job that the engine is given. */
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { generateActivity } from '../../activities/generate.js';
import type { GenerateInput } from '../../activities/types.js';
import type { GenerateJob } from '../../kinds/host/types.js';
import { RECORDS_FILE, readAllRecords, writeRecords } from '../../pool/records.js';
import { Workplace, text } from '../support/workplace.js';

/** An engine that says every prompt once more, `count` times, or nothing at all. */
let silent = false;
const at = new Workplace(async (job) => {
  const { prompts, count, origin, out } = job as GenerateJob;
  const given = await readAllRecords(prompts);
  const written = Array.from({ length: silent ? 0 : (count ?? given.length) }, (_, i) => {
    const { id, tokens } = given[i % given.length];
    return text(`w/${i}`, tokens, { origin: { kind: 'generated', ...origin, prompt: id } });
  });
  return { records: await writeRecords(join(out, RECORDS_FILE), written), tokens: 12 };
});
afterAll(() => at.remove());

const real = await at.texts(['a', 'b', 'c'].map((id, i) => text(id, [i])));
const tokenizer = await at.publish('tokenizer', { 'tokenizer.json': '{}' });
const input: GenerateInput = {
  place: at.place(),
  family: 'language-model',
  model: await at.model('writer'),
  tokenizer,
  prompts: await at.selection(real, 3, [[2, 1], [0, 1]]), // prettier-ignore
  decoding: { temperature: 0.5, maxNewTokens: 4 } as unknown as GenerateInput['decoding'],
};
const generate = (more: Partial<GenerateInput> = {}) => at.do(generateActivity, { ...input, ...more });

test('each prompt of a selection is continued, in its order, by a named model', async () => {
  const { outputs, report } = await generate();
  expect(report).toEqual({ records: 2, tokens: 12 });
  const { generated } = outputs;
  expect(generated.kind).toBe('dataset');
  expect((await at.readTexts(generated)).map(({ tokens, origin }) => ({ tokens, origin }))).toEqual(
    [
      ['c', 2],
      ['a', 0],
    ].map(([prompt, token]) => ({
      tokens: [token],
      origin: { kind: 'generated', member: 'm', generation: 2, model: input.model.digest, prompt },
    })),
  );
  expect((await at.store.manifest(generated.digest)).facts).toEqual({ records: 2, tokenizer: tokenizer.digest });
  expect(at.jobs.at(-1)).toMatchObject({
    op: 'generate',
    decoding: input.decoding,
    rng: { seed: 7, generation: 2, member: 'm', step: 'generate' },
  });
});

test('the engine is given the second model of guidance, where there is one', async () => {
  await generate({ place: at.place({ seed: 51 }) });
  expect(at.jobs.at(-1)).not.toHaveProperty('guide');
  await generate({ guide: await at.model('guide') });
  const { guide, model } = at.jobs.at(-1) as GenerateJob;
  expect(guide).not.toBe(model);
});

test('so many as were asked for, and what has no tokens names no tokenizer', async () => {
  const { outputs } = await generate({ count: 5, tokenizer: undefined });
  expect((await at.store.manifest(outputs.generated.digest)).facts).toEqual({ records: 5 });
});

test('a set that came out empty is one', async () => {
  silent = true;
  const { outputs } = await generate({ place: at.place({ seed: 99 }) });
  silent = false;
  expect(await at.readTexts(outputs.generated)).toEqual([]);
});

test('everything that what is written depends on is part of the key', async () => {
  const others: Record<string, GenerateInput> = {
    model: { ...input, model: await at.model('another') },
    prompts: { ...input, prompts: real },
    tokenizer: { ...input, tokenizer: await at.publish('tokenizer', { 'tokenizer.json': '{"b":1}' }) },
    guide: { ...input, guide: await at.model('guide') },
    count: { ...input, count: 2 },
    decoding: { ...input, decoding: { ...input.decoding, temperature: 1 } as never },
    family: { ...input, family: 'vae' },
    seed: { ...input, place: at.place({ seed: 8 }) },
    generation: { ...input, place: at.place({ generation: 3 }) },
    member: { ...input, place: at.place({ member: 'n' }) },
    device: { ...input, place: at.place({ device: 'webgpu' }) },
    // and nothing else is
    'checkpoints come more often': { ...input, place: at.place({ checkpointSeconds: 1 }) },
  };
  const changed = await at.changed((one) => at.do(generateActivity, one), input, others);
  expect(changed).toEqual(Object.keys(others).slice(0, -1));
  expect((await at.stated(await generate())).parameters).toEqual({ family: 'language-model', decoding: input.decoding });
});

test('without prompts the engine is told the token that texts begin with, and that is another text', async () => {
  const begun = await at.publish('tokenizer', { 'tokenizer.json': '{}' }, { begins: 5, prefix: '', ends: '5' });
  const prompted = await generate({ tokenizer: begun });
  expect(at.jobs.at(-1)).not.toHaveProperty('begins');
  const unprompted = await generate({ tokenizer: begun, unprompted: true });
  expect(at.jobs.at(-1)).toMatchObject({ begins: 5 });
  expect(unprompted.key).not.toBe(prompted.key);
});

test('an attempt goes on from the last checkpoint of the one before', async () => {
  expect(await at.resumes(generateActivity, { ...input, place: at.place({ seed: 50 }) })).toBe(true);
});
