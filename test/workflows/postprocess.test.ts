/** What a postprocess step is asked for: no more than its operators need. */
import { expect, test } from '@jest/globals';
import { digestOf } from '../../common/canonical.js';
import type { PoolSet } from '../../spec/mixture.js';
import type { OperatorPlan } from '../../spec/operator-plan.js';
import type { MixedStepMember } from '../../spec/plan.js';
import type { MemberState } from '../../workflows/contract.js';
import { throughInput, writtenInput } from '../../workflows/postprocess.js';
import { member } from './walk.js';

const ref = (name: string) => ({ kind: 'dataset', digest: digestOf(name), size: 1 });
const place = { store: 's', seed: 5, generation: 3, member: 'reader', checkpointSeconds: 1 };
const dedupe: OperatorPlan = { name: 'dedupe', settings: {} };
const cut: OperatorPlan = { name: 'cut', settings: {}, needs: { tokenizer: true } };
const copied: OperatorPlan = { name: 'drop-copied', settings: {}, needs: { tokenizer: true, prompts: true } };
const likely = (under: 'writer' | 'first'): OperatorPlan => ({ name: 'threshold', settings: {}, needs: { observations: [{ observation: 'likelihood', under }] } }); // prettier-ignore
const m = (postprocess?: readonly OperatorPlan[], lossOn?: 'answer'): MixedStepMember => ({
  ...member({ name: 'm', mixture: { kind: 'replace' }, postprocess }),
  training: { lossOn } as never,
});
const subject = {
  set: ref('set'),
  prompts: ref('prompts'),
  tokenizer: ref('tokenizer'),
  model: ref('model'),
  first: ref('first'),
};
const written = (...operators: OperatorPlan[]) => writtenInput(m(operators), place, subject, { packing: 'bos-line' } as never);
const base = { place, set: subject.set };

test('of what was written: what the operators look at, and nothing beside it', () => {
  expect(written(dedupe)).toEqual({ ...base, operators: [dedupe] });
  expect(written(cut)).toEqual({ ...base, operators: [cut], tokenizer: subject.tokenizer });
  expect(written(copied)).toEqual({ ...base, operators: [copied], tokenizer: subject.tokenizer, prompts: subject.prompts });
  expect(written(likely('writer'))).toMatchObject({ models: { writer: subject.model } });
  expect(written(likely('first'))).toMatchObject({ models: { first: subject.first } });
});

test('rows bring their prompts along, and how likelihoods are read is said where there are some', () => {
  const rows = writtenInput(m([copied, likely('first')], 'answer'), place, subject, { packing: 'records' } as never)!;
  expect(rows).not.toHaveProperty('prompts');
  expect(rows).toMatchObject({ lossOn: 'answer' });
  expect(writtenInput(m([dedupe], 'answer'), place, subject, undefined)).not.toHaveProperty('lossOn');
});

test('nothing is asked of who has no operators, or writes no texts', () => {
  expect(writtenInput(m(), place, subject, undefined)).toBeUndefined();
  expect(writtenInput({ ...m([dedupe]), family: 'vae' } as never, place, subject, undefined)).toBeUndefined();
});

const states: Readonly<Record<string, MemberState>> = {
  reader: {
    prepared: { tokenizer: ref('its tokenizer'), train: ref('its train') },
    first: ref('its first'),
    firstWritten: ref('what its first wrote'),
  } as never,
  writer: {
    prepared: { tokenizer: ref('tokenizer of the writer'), train: ref('train of the writer') },
    real: ref('sample of the writer'),
    firstWritten: ref('what the first of the writer wrote'),
    first: ref('first of the writer'),
    written: [{ generation: 2, set: ref('w2'), model: ref('model 2') }],
  } as never,
};
const members = ['reader', 'writer'].map((name) => ({ ...m(), name }));
const through = (set: PoolSet) => throughInput(set, ref('whole'), members, place, states);
const all = [cut, likely('writer'), likely('first')];

test('a set that is read is the writer’s, of its generation, so that all who read alike share it', () => {
  expect(through({ kind: 'written', member: 'writer', generation: 2, through: all })).toEqual({
    place: { ...place, member: 'writer', generation: 2 },
    set: ref('whole'),
    operators: all,
    tokenizer: ref('tokenizer of the writer'),
    models: { writer: ref('model 2'), first: ref('first of the writer') },
  });
});

test('real texts are nobody’s, the same for all seeds and generations', () => {
  for (const set of [
    { kind: 'real', through: [cut] },
    { kind: 'source', source: 'file:a', through: [cut] },
  ] as const)
    expect(through(set)).toEqual({
      place: { ...place, seed: 0, generation: 0, member: '' },
      set: ref('whole'),
      operators: [cut],
      tokenizer: ref('its tokenizer'),
    });
});

const detected = (under: 'writer' | 'first'): OperatorPlan => ({ name: 'resample', settings: {}, needs: { draws: true, observations: [{ observation: 'detection', under, by: 'detector' }] } }); // prettier-ignore

test('a detector learns what model 0 of the writer wrote, or what it reads, from the writer’s real texts; no model looks', () => {
  const list = [detected('first'), detected('writer')];
  const of = { seed: 5, member: 'writer' };
  const texts = { real: ref('sample of the writer') };
  const read = through({ kind: 'written', member: 'writer', generation: 2, through: list });
  expect(read!.detectors).toEqual({
    first: { of: { ...of, generation: 0 }, ...texts, written: ref('what the first of the writer wrote') },
    writer: { of: { ...of, generation: 2 }, ...texts, written: ref('whole') },
  });
  expect(read).not.toHaveProperty('models');
  const real = through({ kind: 'real', through: [detected('first')] })!;
  expect(real.detectors).toEqual({ first: { of: { seed: 5, generation: 0, member: 'reader' }, real: ref('its train'), written: ref('what its first wrote') } }); // prettier-ignore
  const own = writtenInput(m(list), place, { ...subject, real: ref('real'), firstWritten: ref('long ago') }, undefined)!;
  expect(own.detectors).toEqual({
    first: { of: { seed: 5, generation: 0, member: 'reader' }, real: ref('real'), written: ref('long ago') },
    writer: { of: { seed: 5, generation: 3, member: 'reader' }, real: ref('real'), written: subject.set },
  });
  expect(written(likely('first'))).not.toHaveProperty('detectors');
});

test('a detector that is given is asked for by its source, with what is claimed of it', () => {
  const given = (model: string): OperatorPlan => ({ name: 'resample', settings: {}, needs: { observations: [{ observation: 'detection', under: 'given', model }] } }); // prettier-ignore
  const digest = digestOf('a classifier');
  const known = {
    sources: { 'file:/d': digest },
    claims: [{ source: 'file:/d', licence: 'MIT' }, { source: 'file:/train.txt' }],
  };
  const operators = [given(`file:@${digest}`), given('hf://a/b@main')];
  const asked = writtenInput(m(operators), place, subject, undefined, known)!;
  expect(asked).toEqual({ ...base, operators, given: { [`file:@${digest}`]: 'file:/d', 'hf://a/b@main': 'hf://a/b@main' }, claims: [known.claims[0]] }); // prettier-ignore
  expect(written(likely('first'))).not.toHaveProperty('given');
});

test('but whose operators draw lots draw those of their seed', () => {
  const lots: OperatorPlan = { name: 'verify', settings: {}, needs: { draws: true } };
  expect(through({ kind: 'real', through: [cut, lots] })).toMatchObject({ place: { seed: 5, generation: 0, member: '' } });
});

test('of a split that is not the training set, where lots are drawn: they are its own', () => {
  const lots: OperatorPlan = { name: 'verify', settings: {}, needs: { draws: true } };
  const split = 'valid' as const;
  for (const set of [{ kind: 'real' }, { kind: 'written', member: 'writer', generation: 2 }] as const) {
    const asked = (through: readonly OperatorPlan[]) => throughInput({ ...set, through }, ref('whole'), members, place, states, {}, split); // prettier-ignore
    expect(asked([cut, lots])).toMatchObject({ split });
    expect(asked([cut])).not.toHaveProperty('split');
  }
  expect(writtenInput(m([lots]), place, { ...subject, split }, undefined)).toMatchObject({ split });
  expect(writtenInput(m([lots]), place, subject, undefined)).not.toHaveProperty('split');
  expect(writtenInput(m([dedupe]), place, { ...subject, split }, undefined)).not.toHaveProperty('split');
});

test('what is read as it is, or went through when it was new, is not asked for', () => {
  expect(through({ kind: 'written', member: 'writer', generation: 2 })).toBeUndefined();
  expect(through({ kind: 'past', member: 'writer', generation: 1, through: all })).toBeUndefined();
  expect(through({ kind: 'unseen' })).toBeUndefined();
});
