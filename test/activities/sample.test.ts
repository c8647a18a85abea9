/** sample: a training set as a selection of the pool's sets, what was written so far, and what determines them. */
import { afterAll, expect, test } from '@jest/globals';
import type { ApplicationFailure } from '@temporalio/activity';
import { sampleActivity } from '../../activities/sample.js';
import type { SampleInput, StepResult } from '../../activities/types.js';
import type { ArtifactRef } from '../../artifacts/types.js';
import type { Term } from '../../spec/mixture.js';
import { Workplace, text } from '../support/workplace.js';

const at = new Workplace();
afterAll(() => at.remove());

const term = (from: string, more: Partial<Term> = {}): Term => ({ from, generation: 'previous', take: 'all', draw: 'redrawn', ...more }); // prettier-ignore
const numbered = (name: string, positions: readonly number[]) =>
  at.texts(positions.map((i) => text(`${name}/${String(i).padStart(6, '0')}`, [i])));
const real = await numbered('real', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
/** of ten, the third and the eighth came out empty and were left out */
const written = await numbered('w', [0, 1, 3, 4, 5, 6, 8, 9]);
const before = await numbered('v', [0, 1, 2]);

const sample = (input: Partial<SampleInput>) => at.do(sampleActivity, { place: at.place(), terms: [], sets: {}, ...input });
const selected = async ({ outputs }: StepResult, name = 'train') => {
  const { sets, runs } = await at.json(outputs[name], 'selection.json');
  return { sets: (sets as ArtifactRef[]).map(({ digest }) => digest), runs: runs as number[][] };
};
/** Positions in the set of a name, in the order of the training set. */
const positions = async (result: StepResult, set: ArtifactRef): Promise<number[]> => {
  const { sets, runs } = await selected(result);
  return runs.flatMap(([of, first, count]) =>
    sets[of] === set.digest ? Array.from({ length: count }, (_, i) => first + i) : [],
  );
};

test('all that the last model wrote is named, not copied', async () => {
  const result = await sample({ terms: [term('self')], sets: { 'm/1': written } });
  expect(await selected(result)).toEqual({ sets: [written.digest], runs: [[0, 0, 8]] });
  expect(result.report).toEqual({ records: 8, real: 0 });
  expect((await at.store.manifest(result.outputs.train.digest)).facts).toEqual({ records: 8 });
  expect(Object.keys(result.outputs)).toEqual(['train']);
});

test('a share of real records: so many of each, none twice, others by another seed', async () => {
  const terms = [term('real', { generation: 0, take: { share: 0.3 } }), term('self', { take: { share: 0.7 } })];
  const input = { terms, sample: { size: 10, growth: 0 }, sets: { real, 'm/1': written } };
  const result = await sample(input);
  expect(result.report).toEqual({ records: 10, real: 3 });
  const drawn = await positions(result, real);
  expect(new Set(drawn).size).toBe(3);
  // by the stream that member, generation and seed name: other draws are another version of the step
  expect(drawn).toEqual([3, 4, 6]);
  const others = await Promise.all([1, 2, 3].map((seed) => sample({ ...input, place: at.place({ seed }) })));
  const sets = await Promise.all([result, ...others].map(async (one) => (await positions(one, real)).join()));
  expect(new Set(sets).size).toBeGreaterThan(1);
});

test('a held-out split is drawn by the same terms from a stream of its own', async () => {
  const terms = [term('real', { generation: 0, take: { share: 0.3 } }), term('self', { take: { share: 0.7 } })];
  const drawn = (split?: 'valid' | 'test') => sample({ terms, sets: { real, 'm/1': written }, ...(split && { split }) });
  const [train, valid, test] = [await drawn(), await drawn('valid'), await drawn('test')];
  expect(valid.report).toEqual({ records: 10, real: 3 });
  expect(new Set([train, valid, test].map(({ key }) => key)).size).toBe(3);
  expect(await positions(valid, real)).not.toEqual(await positions(train, real));
  expect(await positions(test, real)).not.toEqual(await positions(valid, real));
});

test('in place: a real record stands where one that continued it was written', async () => {
  const terms = [term('real', { generation: 0, take: { share: 0.5 }, draw: 'in-place' }), term('self', { take: { share: 0.5 } })];
  const result = await sample({ terms, sets: { real, 'm/1': written } });
  const { sets, runs } = await selected(result);
  // the eight that were written have positions 0, 1, 3 … 9: what is real stands where what continued it would
  const continued = [0, 1, 3, 4, 5, 6, 8, 9];
  const places = runs.flatMap(([of, first, count]) => Array.from({ length: count }, (_, i) => ({ of, at: first + i })));
  expect(places).toHaveLength(8);
  expect(places.map(({ of, at }) => (sets[of] === real.digest ? at : continued[at]))).toEqual(continued);
  expect(places.filter(({ of }) => sets[of] === real.digest)).toHaveLength(4);
});

test('of a member of whom everything is read, what it wrote so far is left for the next generation to add to', async () => {
  const terms = [term('real', { generation: 0 }), term('self', { generation: 'all' })];
  const result = await sample({ terms, sets: { real, 'm/0-0': before, 'm/1': written } });
  expect(Object.keys(result.outputs)).toEqual(['train', 'past/m']);
  expect(await selected(result, 'past/m')).toEqual({
    sets: [before.digest, written.digest],
    runs: [
      [0, 0, 3],
      [1, 0, 8],
    ],
  });
  expect(result.report).toEqual({ records: 21, real: 10 });
  // nobody has written before generation 0
  const first = await sample({ place: at.place({ generation: 0 }), terms: [term('real', { generation: 0 })], sets: { real } });
  expect(Object.keys(first.outputs)).toEqual(['train']);
});

test('a set that does not say how many records it has is told as damaged', async () => {
  const silent = await at.publish('dataset', { 'records.jsonl': '{}\n' });
  const failure = (await sample({ terms: [term('self')], sets: { 'm/1': silent } }).catch(
    (error: unknown) => error,
  )) as ApplicationFailure;
  expect(failure.type).toBe('habsburg.verification');
  expect(failure.message).toBe(`dataset ${silent.digest} does not say how many records it has`);
});

test('what is drawn from, and how, is part of the key; what is not said is not', async () => {
  const input: SampleInput = { place: at.place(), terms: [term('self', { take: { count: 4 } })], sets: { 'm/1': written } };
  const changed = await at.changed((one) => at.do(sampleActivity, one), input, {
    terms: { ...input, terms: [term('self', { take: { count: 5 } })] },
    sets: { ...input, sets: { 'm/1': before }, terms: [term('self', { take: { count: 3 } })] },
    sample: { ...input, sample: { size: 4, growth: 0 } },
    earlier: { ...input, earlier: [{ to: 1, terms: [term('self')] }] },
    seed: { ...input, place: at.place({ seed: 8 }) },
    // no engine draws
    device: { ...input, place: at.place({ device: 'webgpu' }) },
  });
  expect(changed).toEqual(['terms', 'sets', 'sample', 'earlier', 'seed']);
  const { parameters, inputs, engineFingerprint } = await at.stated(await at.do(sampleActivity, input));
  expect(parameters).toEqual({ terms: input.terms });
  expect(inputs).toEqual({ 'm/1': expect.objectContaining({ digest: written.digest }) });
  expect(engineFingerprint).toBe('none');
});
