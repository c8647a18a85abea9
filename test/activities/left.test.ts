/** left: what a run has left, read from its documents, in the form in which evaluations ask for it. */
import { afterAll, expect, test } from '@jest/globals';
import { leftActivity } from '../../activities/left.js';
import { recordActivities } from '../../activities/record.js';
import type { LeftInput, RecordInput } from '../../activities/types.js';
import { digestOf } from '../../common/canonical.js';
import type { MemberIndex } from '../../spec/documents.js';
import { expandSteps } from '../../spec/expand.js';
import { planDigest } from '../../spec/digest.js';
import { makeFixture } from '../report/fixture.js';
import { Workplace } from '../support/workplace.js';

const at = new Workplace();
afterAll(() => at.remove());
const { plan: whole } = makeFixture({ name: 'e', seeds: [1, 2], generations: 3, conditions: ['replace'] });
const plan = { ...whole, metrics: [{ name: 'distinct-1', variant: 'tokens/in-record', settings: { tokens: 0 } }] };
const digest = planDigest(plan);
const [run, silent] = expandSteps(plan);

const ref = (kind: string, ...of: unknown[]) => ({ kind, digest: digestOf(of), size: 1 });
const inputs = { train: ref('dataset', 'train'), test: ref('dataset', 'test'), truth: ref('truth', 'truth') };
const record = (document: RecordInput['document']) =>
  at.do((deps) => recordActivities(deps).record, { store: at.storePath, document });
const place = { experiment: 'e', plan: digest, run: run.id };
const leave = (generation: number, more: Partial<MemberIndex> = {}) =>
  record({
    schema: 'habsburg.generation/v1',
    ...place,
    generation,
    members: {
      opt: {
        model: ref('model', generation),
        generated: ref('dataset', 'w', generation),
        prompts: ref('dataset', 'p'),
        ...(generation > 0 && { follows: digestOf(['w', generation - 1]) }),
        steps: {},
        ...more,
      },
    },
  });
const begin = () => record({ schema: 'habsburg.run/v2', ...place, status: 'running', generations: 3, inputs });
const left = (more: Partial<LeftInput> = {}) =>
  at.do(leftActivity, { store: at.storePath, plan: digest, run, from: 0, most: 10, ...more });

test('of a run that has not begun there is nothing', async () => {
  expect(await left({ run: silent })).toEqual([]);
});

test('each generation: what is scored, and what it was before', async () => {
  await begin();
  for (const t of [0, 1, 2]) await leave(t);
  const found = await left();
  expect(found.map(({ generation }) => generation)).toEqual([0, 1, 2]);
  expect(found[2].members).toEqual([
    {
      name: 'opt',
      of: digestOf(['w', 2]),
      input: {
        family: 'language-model',
        metrics: run.metrics,
        model: ref('model', 2),
        generated: ref('dataset', 'w', 2),
        prompts: ref('dataset', 'p'),
        first: ref('model', 0),
        written0: ref('dataset', 'w', 0),
        real: inputs.train,
        test: inputs.test,
        truth: inputs.truth,
      },
    },
  ]);
});

test('of real text in place of writing there is neither a model nor what it continued', async () => {
  const written: Partial<MemberIndex> = { generated: ref('dataset', 'train'), model: undefined, prompts: undefined };
  const member = { ...run.members[0], writes: { kind: 'real-text' } };
  await leave(0, written);
  const [{ members }] = await left({ run: { ...run, members: [member] } as LeftInput['run'], most: 1 });
  expect(members[0].input).toEqual({
    ...{ family: 'language-model', metrics: run.metrics, generated: ref('dataset', 'train') },
    ...{ real: inputs.train, test: inputs.test, truth: inputs.truth },
  });
  await expect(left({ most: 1 })).rejects.toThrow(/does not say all that is to be scored/);
  await leave(0);
});

test('from a generation on, so many at most; behind the last there is none', async () => {
  expect((await left({ from: 1, most: 1 })).map(({ generation }) => generation)).toEqual([1]);
  // model 0 is read for any stretch
  expect((await left({ from: 2 }))[0].members[0].input.first).toEqual(ref('model', 0));
  expect(await left({ from: 3 })).toEqual([]);
});

test('what was left by another chain is not read together with this one', async () => {
  await leave(3, { follows: digestOf('what another engine wrote') });
  expect((await left()).map(({ generation }) => generation)).toEqual([0, 1, 2]);
});

test('a document that does not say all of it is told, with what helps', async () => {
  await leave(2, { prompts: undefined });
  await expect(left()).rejects.toMatchObject({
    type: 'habsburg.invalid',
    nonRetryable: true,
    message:
      'the document of generation 2 of replace/seed-1 does not say all that is to be scored; run e again, which writes it anew (finished steps are reused)',
  });
});
