/** postprocess: operators in stages, what they leave and in which form, and what is counted. */
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import type { ApplicationFailure } from '@temporalio/activity';
import { postprocessActivity } from '../../activities/postprocess.js';
import type { PostprocessInput } from '../../activities/types.js';
import { digestOfSource } from '../../data/identify.js';
import { writeTable } from '../../data/table.js';
import { operatorNamed } from '../../operators/index.js';
import type { ObserveJob } from '../../kinds/host/types.js';
import { readAllRecords } from '../../pool/records.js';
import type { OperatorPlan } from '../../spec/operator-plan.js';
import { tokenizerIn } from '../support/tokenizer.js';
import { Workplace, text } from '../support/workplace.js';

/** A reader that finds a text the less likely the longer it is. */
const at = new Workplace(async (job) => {
  const { data, out } = job as ObserveJob;
  const records = await readAllRecords(data);
  const columns = { nll_sum: Float64Array.from(records, (one) => one.text.length) };
  await writeTable(out, { records: records.map(({ id }) => id), columns });
  return { records: records.length };
});
afterAll(() => at.remove());

const folder = at.folder();
const bytes = await tokenizerIn(folder);
const tokenizer = await at.store.publish('tokenizer', folder, { begins: 2, prefix: '', ends: '2' });
const first = await at.model('model 0');
const texts = (...said: string[]) => at.texts(said.map((one, i) => text(`w/${i}`, bytes.encode(one), { text: one })));

const dedupe: OperatorPlan = { name: 'dedupe', settings: { within: 'set' } };
const cut: OperatorPlan = { name: 'cut', settings: { at: '\n', include: false }, needs: { tokenizer: true } };
const short = (max: number): OperatorPlan => ({
  name: 'threshold',
  settings: { observation: 'likelihood', column: 'nll_sum', under: 'first', max },
  needs: { observations: [{ observation: 'likelihood', under: 'first' }] },
});
const set = await texts('one', 'two', 'one', 'three');
const input: PostprocessInput = { place: at.place(), set, operators: [dedupe], tokenizer, models: { first } };
const postprocess = (more: Partial<PostprocessInput> = {}) => at.do(postprocessActivity, { ...input, ...more });
const failed = (more: Partial<PostprocessInput>) => postprocess(more).catch((error: unknown) => error as ApplicationFailure);

test('where texts were only removed, a selection of the set is left', async () => {
  const { outputs, report } = await postprocess();
  expect(await at.json(outputs.kept, 'selection.json')).toMatchObject({
    sets: [{ digest: set.digest, records: 4 }],
    runs: [[0, 0, 2], [0, 3, 1]], // prettier-ignore
  });
  expect((await at.store.manifest(outputs.kept.digest)).facts).toEqual({ records: 3 });
  expect(report).toEqual({ read: 4, kept: 3, edited: 0, 'removed/dedupe': 1 });
});

test('where one was shortened, a dataset, in the tokens that it was written in', async () => {
  const lines = await texts('a line\nand more', 'a line', 'other');
  const { outputs, report } = await postprocess({ set: lines, operators: [cut, dedupe, dedupe] });
  expect(outputs.kept.kind).toBe('dataset');
  expect((await at.readTexts(outputs.kept)).map((one) => one.text)).toEqual(['a line', 'other']);
  expect((await at.store.manifest(outputs.kept.digest)).facts).toEqual({ records: 2, tokenizer: tokenizer.digest });
  // one that is there twice counts for both
  expect(report).toEqual({ read: 3, kept: 2, edited: 1, 'removed/cut': 0, 'removed/dedupe': 1 });
});

test('an operator that says why texts go has them counted by reason, in the report and where nothing is left', async () => {
  const lines = await texts('one two', 'one two three four', 'one two three', 'one');
  const quality = (settings: object): OperatorPlan => ({ name: 'quality', settings: operatorNamed('quality').settings.parse({ minMeanLength: 0, minStopWords: 0, ...settings }) }); // prettier-ignore
  const { outputs, report } = await postprocess({ set: lines, operators: [quality({ minWords: 2, maxWords: 3 }), quality({ minWords: 3 })] }); // prettier-ignore
  expect(report).toEqual({ read: 4, kept: 1, edited: 0, 'removed/quality': 3, 'reason/quality/maxWords': 1, 'reason/quality/minWords': 2 }); // prettier-ignore
  expect(outputs.kept.kind).toBe('selection');
  const gone = await failed({ set: lines, operators: [quality({ minWords: 2, maxWords: 2 }), quality({ minWords: 4 })] });
  expect(gone).toHaveProperty('message', expect.stringContaining('quality removed 4 (maxWords 2, minWords 2); loosen'));
});

test('an operator that reads an observation sees texts as those before it left them, in a step of its own', async () => {
  const lines = await texts('a long line\nof which a part stays', 'short', 'short', 'as it is and long');
  at.jobs.length = 0;
  const result = await postprocess({ set: lines, operators: [cut, short(11), dedupe] });
  expect(at.jobs).toHaveLength(1);
  expect(result.report).toEqual({ read: 4, kept: 2, edited: 1, 'removed/cut': 0, 'removed/threshold': 1, 'removed/dedupe': 1 });
  const { inputs } = await at.stated(result);
  expect(Object.keys(inputs).sort()).toEqual(['likelihood/first', 'set']);
  // what was found again is told as found again only if every part was
  expect(await postprocess({ set: lines, operators: [cut, short(11), dedupe] })).toEqual({ ...result, cached: true });
  expect(await postprocess({ set: lines, operators: [cut, short(12), dedupe] })).toMatchObject({ cached: false });
  // the first part is new, and leaves what the second knows
  expect(await postprocess({ set: lines, operators: [cut, cut, short(11), dedupe] })).toMatchObject({ cached: false });
});

test('a detector is trained before the texts are read by it, and how good it is stands in the report', async () => {
  const resample: OperatorPlan = {
    name: 'resample',
    settings: { observation: 'likelihood', column: 'nll_sum', under: 'first', power: 10, size: 1, maxRepeats: 1 },
    needs: { draws: true, observations: [{ observation: 'likelihood', under: 'first', by: 'detector' }] },
  };
  const many = (name: string, word: string) => at.texts(Array.from({ length: 10 }, (_, i) => text(`${name}/${i}`, bytes.encode(word), { text: word }))); // prettier-ignore
  const detectors = { first: { of: { seed: 7, generation: 0, member: 'm' }, real: await many('train', 'a'), written: await many('g0/m', 'b') } }; // prettier-ignore
  const sets = await texts('', 'xx', 'xxx');
  const result = await postprocess({ set: sets, operators: [dedupe, resample], detectors, models: undefined });
  // a text of no length weighs everything; the others' readings are 1 and more
  expect(result.report).toEqual({ read: 3, kept: 1, edited: 0, 'removed/dedupe': 0, 'removed/resample': 2, 'detector/first/accuracy': 1, 'detector/first/auc': 1, 'detector/first/calibrationError': expect.any(Number) }); // prettier-ignore
  const { parameters } = await at.stated(result);
  expect(parameters).toMatchObject({ from: 1 });
  expect(await postprocess({ set: sets, operators: [dedupe, resample], detectors, models: undefined })).toMatchObject({ cached: true }); // prettier-ignore
});

test('a detector that is given is brought into the store, and known by what it holds', async () => {
  const source = (copy: string) => {
    cpSync('test/engine/encoders/golden/classifiers/bert', copy, { recursive: true });
    return `file:${copy}`;
  };
  const [here, there] = [source(at.folder()), source(at.folder())];
  const name = `file:@${await digestOfSource(here, 'encoder')}`;
  // the reader of these tests says of every instrument what it says of likelihoods
  const given: OperatorPlan = {
    name: 'threshold',
    settings: { observation: 'detection', column: 'nll_sum', under: 'first', max: 3, detector: name, label: 'machine' },
    needs: { observations: [{ observation: 'detection', under: 'given', model: name, settings: { label: 'machine', temperature: 2 } }] },
  };
  at.jobs.length = 0;
  const asked = { operators: [given], models: undefined, given: { [name]: here } };
  const tables = await postprocess({ ...asked, operators: [dedupe, given] });
  expect(tables.report).toEqual({ read: 4, kept: 2, edited: 0, 'removed/dedupe': 1, 'removed/threshold': 1 });
  expect(at.jobs).toMatchObject([{ observation: 'detection', settings: { label: 'machine', temperature: 2 } }]);
  expect(Object.keys((await at.stated(tables)).inputs)).toContain('detection/given');
  const first = await postprocess(asked);
  expect(await postprocess({ ...asked, given: { [name]: there } })).toEqual({ ...first, cached: true });
  writeFileSync(join(there.slice('file:'.length), 'config.json'), '{}');
  expect(await failed({ ...asked, given: { [name]: there } })).toHaveProperty('message', expect.stringContaining('has changed since this experiment was started')); // prettier-ignore
}); // prettier-ignore

test('an instrument that draws is told its lots, and its operator’s settings', async () => {
  const edit: OperatorPlan = {
    name: 'edit',
    settings: { above: 0.9, under: 'first' },
    needs: { tokenizer: true, draws: true, observations: [{ observation: 'edits', under: 'first', settings: { above: 0.9 }, draws: true }] }, // prettier-ignore
  };
  at.jobs.length = 0;
  // the reader of these tests draws nothing
  await failed({ operators: [dedupe, edit] });
  expect(at.jobs).toMatchObject([{ observation: 'edits', settings: { above: 0.9, draw: { seed: 7, generation: 2, member: 'm', from: 1 } } }]); // prettier-ignore
});

test('the lots of a validation and a test set are their own, and independent of those of the training set', async () => {
  const settings = { observation: 'text', column: 'characters', under: 'first', min: 0, errors: { lost: 0.5, passed: 0 } };
  const verify: OperatorPlan = { name: 'verify', settings, needs: { draws: true } };
  const many = await texts(...Array.from({ length: 400 }, (_, i) => `text ${i}`));
  const kept = async (more: Partial<PostprocessInput>): Promise<ReadonlySet<number>> => {
    const { outputs } = await postprocess({ set: many, operators: [verify], ...more });
    const { runs } = (await at.json(outputs.kept, 'selection.json')) as { runs: readonly [number, number, number][] };
    return new Set(runs.flatMap(([, first, count]) => Array.from({ length: count }, (_, i) => first + i)));
  };
  const sets = [await kept({}), await kept({ split: 'valid' }), await kept({ split: 'test' })];
  for (const [a, b] of ['01', '02', '12'].map((pair) => [...pair].map(Number))) {
    const alike = Array.from({ length: 400 }, (_, i) => i).filter((i) => sets[a].has(i) === sets[b].has(i)).length;
    // of fair coins 200 in the mean, with a standard deviation of 10
    expect(Math.abs(alike - 200)).toBeLessThan(1.96 * 10);
  }
  // what draws none is the same for all splits
  expect(await postprocess({ split: 'valid' })).toMatchObject({ outputs: (await postprocess()).outputs, cached: true });
});

test('operators, their versions and what they need are the key; what they do not need is not', async () => {
  const others = {
    set: { ...input, set: await texts('quite', 'others') },
    operators: { ...input, operators: [{ name: 'dedupe', settings: { within: 'prompt' } }] },
    more: { ...input, operators: [dedupe, dedupe] },
    // this one looks at texts alone
    tokenizer: { ...input, tokenizer: undefined },
    prompts: { ...input, prompts: set },
    models: { ...input, models: {} },
  };
  const changed = await at.changed((one: PostprocessInput) => at.do(postprocessActivity, one), input, others);
  expect(changed).toEqual(['set', 'operators', 'more']);
  const { parameters } = await at.stated(await postprocess());
  expect(parameters).toEqual({ operators: [{ ...dedupe, version: operatorNamed('dedupe').version }] });
});

test('where nothing is left the sentence says who removed how many, over all parts', async () => {
  const gone = await failed({ set: await texts('too long', 'too long', 'by far'), operators: [dedupe, short(2)] });
  expect(gone).toMatchObject({ type: 'habsburg.invalid', nonRetryable: true });
  expect(gone).toHaveProperty(
    'message',
    'nothing is left of the 3 records that m wrote in generation 2: dedupe removed 1, threshold removed 2; loosen the settings of these operators',
  );
  const real = await failed({ place: at.place({ member: '' }), operators: [short(1)] });
  expect(real).toHaveProperty('message', expect.stringContaining('nothing is left of the 4 records that the real data have'));
});
