/** Detectors that operators are given: what a file may say, and that one is known by what it holds, wherever it lies. */
import { describe, expect, test } from '@jest/globals';
import { lookAtSources } from '../../data/look.js';
import { planDigest, portablePlan } from '../../spec/digest.js';
import { expand } from '../../spec/expand.js';
import type { RunPlan } from '../../spec/plan.js';
import { localSources } from '../../spec/sources.js';
import { SMALL, load, problems } from './support.js';

const DIGEST = `sha256:${'ab'.repeat(32)}` as const;
const HERE = `file:${process.cwd()}/test/engine/encoders/golden/classifiers/bert`;
const of = (settings: string) =>
  SMALL.replace('prompts: original\n', `prompts: original\n    postprocess: [{resample: {${settings}}}]\n`);
const THROUGH = SMALL.replace('{ kind: replace }', '[{ from: self, through: [{ threshold: { observation: detection, column: p_written, max: 0.5, detector: file:models/d, label: 1 } }] }]'); // prettier-ignore

test('an operator needs the table of the one that it is given, and its label and temperature with it', async () => {
  const { plan } = await load(of('detector: hf://a/b@main, label: machine, temperature: 1.35983'));
  expect(plan.population[0].postprocess).toEqual([
    {
      name: 'resample',
      settings: { observation: 'detection', column: 'p_written', under: 'first', power: 10, size: 1.5, maxRepeats: 3, detector: 'hf://a/b@main', label: 'machine', temperature: 1.35983 },
      needs: { draws: true, grows: 1.5, observations: [{ observation: 'detection', under: 'given', model: 'hf://a/b@main', settings: { label: 'machine', temperature: 1.35983 } }] },
    },
  ]); // prettier-ignore
  const { plan: own } = await load(of('power: 10'));
  expect(own.population[0].postprocess![0].needs!.observations).toEqual([{ observation: 'detection', under: 'first', by: 'detector' }]); // prettier-ignore
});

test('it is known by what it holds: no folder in runs, keys or documents', async () => {
  for (const yaml of [of('detector: file:models/d, label: machine'), THROUGH]) {
    const { plan } = await load(yaml);
    const [source] = localSources(plan).encoders;
    expect(source).toMatch(/^file:\/.*\/models\/d$/);
    const known = { ...plan, sources: { [source]: DIGEST } };
    const run = expand(known)[0] as RunPlan;
    expect(JSON.stringify(run.members)).not.toContain('models/d');
    expect(JSON.stringify(run.members).split(`file:@${DIGEST}`)).toHaveLength(3);
    expect(JSON.stringify(portablePlan(known))).not.toContain('/models');
    const elsewhere = JSON.parse(JSON.stringify(known).replaceAll(source, 'file:/elsewhere/d')) as typeof known;
    expect(planDigest(elsewhere)).toBe(planDigest(known));
    expect(planDigest({ ...known, sources: { [source]: DIGEST.replace('ab', 'cd') as typeof DIGEST } })).not.toBe(
      planDigest(known),
    );
  }
});

describe('refused:', () => {
  test.each([
    ['detector: file:d', "resample.label: say which of the detector's labels stands for what a machine wrote"],
    ['label: machine', 'resample.label: is of a detector that is given: add detector: file:FOLDER'],
    ['temperature: 2', 'resample.temperature: is of a detector that is given'],
    ['detector: file:d, label: 1, under: writer', 'resample.under: says whose texts a detector learns, and one that is given learns none'],
    ['detector: file:d, label: 1, observation: text, column: words', 'resample.detector: reads no text: write observation: detection'],
    ['detector: d, label: 1', 'resample.detector: "d" must be file:FOLDER or hf://OWNER/NAME@REVISION'],
    ['detector: file:d, label: -1', 'resample.label'],
    ['detector: file:d, label: 1, temperature: 0', 'resample.temperature'],
  ])('%s', async (settings, message) => {
    const found = await problems(of(settings));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(message);
  }); // prettier-ignore
});

test('before anything starts it is looked at whether it is there and has the label', async () => {
  const look = async (settings: string) => {
    const { plan, document } = await load(of(settings));
    return (await lookAtSources(plan, document)).findings;
  };
  expect(await look(`detector: "${HERE}", label: machine`)).toEqual([]);
  expect(await look(`detector: "${HERE}", label: 1`)).toEqual([]);
  const at = ['population', 0, 'postprocess', 0, 'resample'];
  expect(await look(`detector: "${HERE}", label: ai`)).toMatchObject([{ path: [...at, 'label'], kind: 'invalid', message: expect.stringMatching(/no label "ai"; it has "machine" \(0\), "human" \(1\)$/) }]); // prettier-ignore
  expect(await look('detector: file:nowhere, label: 1')).toMatchObject([{ path: [...at, 'detector'], kind: 'notFound' }]);
});
