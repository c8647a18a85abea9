/** What is stated of a run's documents: the artifacts that they name, and where in the experiment these belong. */
import { expect, test } from '@jest/globals';
import { statementBytes } from '../../artifacts/in-toto.js';
import { canonicalJson, sha256, type Digest } from '../../common/canonical.js';
import { resultAbout, resultStatement } from '../../documents/statement.js';
import type { EvaluationDocument, GenerationDocument, RunDocument } from '../../spec/documents.js';

const code = { version: '0.1.0', digest: sha256('code') };
const ref = (name: string, kind: string) => ({ kind, digest: sha256(name), size: name.length });
const hex = (name: string) => sha256(name).slice(7);
const place = { experiment: 'small', plan: sha256('plan'), run: 'keep-25/seed-3' } as const;
const step = (name: string, cached = false) => ({ key: sha256(name), cached, report: { loss: 0.5 } });
const generation: GenerationDocument = {
  schema: 'habsburg.generation/v1',
  ...place,
  generation: 2,
  members: {
    opt: {
      model: ref('model', 'model'),
      dataset: ref('train', 'selection'),
      generated: ref('wrote', 'dataset'),
      steps: { finetune: step('fit'), generate: step('write') },
      follows: sha256('before'),
    },
    vae: { model: ref('other', 'model'), steps: {} },
  },
};
const subject = (name: string, of: string, kind: string) => ({
  name,
  digest: { sha256: hex(of) },
  annotations: { kind, size: of.length },
});

test('of a generation: each member’s artifacts by role, under experiment, plan, run and generation, with the keys of their steps', () => {
  expect(resultAbout(generation)).toBe(`experiments/small/${hex('plan')}/runs/keep-25/seed-3/generations/2`);
  const { vae, opt } = generation.members;
  const remembered = {
    ...generation,
    members: {
      vae,
      opt: {
        ...opt,
        steps: {
          finetune: { key: sha256('fit'), report: { loss: 0.5 } },
          generate: { key: sha256('write'), report: { loss: 0.5 } },
        },
      },
    },
  };
  expect(resultStatement(generation, code)).toEqual({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [
      subject('opt/dataset', 'train', 'selection'),
      subject('opt/generated', 'wrote', 'dataset'),
      subject('opt/model', 'model', 'model'),
      subject('vae/model', 'other', 'model'),
    ],
    predicateType: 'https://habsburg.example/lineage/v1/result',
    predicate: {
      experiment: 'small',
      plan: { digest: { sha256: hex('plan') } },
      run: 'keep-25/seed-3',
      condition: 'keep-25',
      seeds: '3',
      generations: { from: 2, to: 2 },
      steps: { opt: { finetune: { sha256: hex('fit') }, generate: { sha256: hex('write') } }, vae: {} },
      document: {
        name: `experiments/small/${hex('plan')}/runs/keep-25/seed-3/generations/2`,
        digest: { sha256: sha256(canonicalJson(remembered)).slice(7) },
      },
      recordedBy: { name: 'habsburg', digest: { sha256: hex('code') }, annotations: { kind: 'code', version: '0.1.0' } },
    },
  });
});

test('a rerun, which finds the same steps done, states the same bytes; another result states others', () => {
  const bytes = (document: GenerationDocument) => statementBytes(resultStatement(document, code)!);
  const rerun = structuredClone(generation);
  for (const one of Object.values(rerun.members.opt.steps)) one.cached = true;
  expect(bytes(rerun)).toEqual(bytes(generation));
  const { opt } = generation.members;
  const others: GenerationDocument[] = [
    { ...generation, generation: 3 },
    { ...generation, to: 4 },
    { ...generation, run: 'keep-25/seed-4' },
    { ...generation, experiment: 'other' },
    { ...generation, plan: sha256('another') },
    { ...generation, members: { ...generation.members, opt: { ...opt, model: ref('another', 'model') } } },
    { ...generation, members: { ...generation.members, opt: { ...opt, follows: sha256('another') } } },
    { ...generation, members: { ...generation.members, opt: { ...opt, steps: { ...opt.steps, finetune: step('refit') } } } },
  ];
  const all = [generation, ...others].map((document) => bytes(document).toString());
  expect(new Set(all).size).toBe(all.length);
});

test('of chains: all seeds and the stretch of generations', () => {
  const chains: GenerationDocument = {
    ...generation,
    run: 'replace/seeds-1-250',
    generation: 0,
    to: 99,
    members: { m: { model: ref('state', 'model'), series: ref('series', 'scores'), steps: { simulate: step('simulate') } } },
  };
  expect(resultStatement(chains, code)).toMatchObject({
    subject: [{ name: 'm/model' }, { name: 'm/series' }],
    predicate: { condition: 'replace', seeds: '1-250', generations: { from: 0, to: 99 } },
  });
});

test('of an evaluation: scores and tables; of one that failed nothing', () => {
  const evaluation: EvaluationDocument = {
    schema: 'habsburg.evaluation/v1',
    ...place,
    generation: 2,
    member: 'opt',
    of: sha256('wrote'),
    scores: ref('scores', 'scores'),
    tables: { 'likelihood under first': ref('table', 'table') },
    step: step('score'),
  };
  const { subject: subjects, predicate } = resultStatement(evaluation, code)!;
  expect(subjects).toEqual([subject('opt/scores', 'scores', 'scores'), subject('opt/tables/likelihood under first', 'table', 'table')]); // prettier-ignore
  expect(predicate).toMatchObject({ generations: { from: 2, to: 2 }, steps: { opt: { score: { sha256: hex('score') } } } });
  const { scores: _, tables: _tables, step: _step, ...failed } = evaluation;
  expect(resultStatement({ ...failed, failure: 'no words' }, code)).toBeUndefined();
});

test('of a run: what it started from, whatever becomes of it', () => {
  const run = (status: RunDocument['status'], inputs?: Record<string, { kind: string; digest: Digest; size: number }>) =>
    resultStatement({ schema: 'habsburg.run/v2', ...place, status, generations: 2, ...(inputs && { inputs }) }, code);
  expect(run('running')).toBeUndefined();
  const begun = run('running', { train: ref('real', 'dataset') });
  expect(begun).toMatchObject({ subject: [subject('inputs/train', 'real', 'dataset')], predicate: { steps: {} } });
  expect(begun!.predicate).not.toHaveProperty('generations');
  expect(run('done', { train: ref('real', 'dataset') })).toEqual(begun);
});
