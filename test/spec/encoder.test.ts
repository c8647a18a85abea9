/** The sentence encoder of an experiment: what its metrics read is part of what they are, and of nothing else. */
import { describe, expect, test } from '@jest/globals';
import { planDigest, portablePlan } from '../../spec/digest.js';
import { expand } from '../../spec/expand.js';
import { withMetrics } from '../../spec/asked-metrics.js';
import { scoredOf } from '../../spec/scored.js';
import { encoderSource, encodersOf, localSources } from '../../spec/sources.js';
import type { MixedStepMember, RunPlan } from '../../spec/plan.js';
import { SMALL, load, problems } from './support.js';

const DIGEST = `sha256:${'ab'.repeat(32)}` as const;
const HUB = 'hf://sentence-transformers/all-MiniLM-L6-v2@main';
const withLines = (lines: string): string => `${SMALL.trimEnd()}\n${lines}\n`;
const encoders = (plan: { readonly metrics: RunPlan['metrics'] }) => plan.metrics.map(({ settings }) => settings.encoder);

describe('what a file says', () => {
  test('metrics that read vectors have the file’s encoder, or their own; others have none', async () => {
    const { plan } = await load(
      withLines(`encoder: ${HUB}\nmetrics: [rep, d-sem, {name: mauve, settings: {encoder: hf://a/b@c}}]`),
    );
    expect(encoders(plan)).toEqual([undefined, HUB, 'hf://a/b@c']);
    expect(encodersOf(plan.metrics)).toEqual([HUB, 'hf://a/b@c']);
  });

  test('a folder is meant from where the file lies', async () => {
    const { plan } = await load(
      withLines('encoder: file:models/minilm\nmetrics: [d-sem, {name: frechet, settings: {encoder: file:b}}]'),
    );
    const [one, other] = localSources(plan).encoders;
    expect(one).toMatch(/^file:\/.*\/models\/minilm$/);
    expect(other).toMatch(/^file:\/.*\/b$/);
  });

  test.each([
    ['metrics: [rep, d-sem]', 'metrics.1: d-sem reads vectors of texts, which a sentence encoder makes; add encoder: hf://'],
    [`encoder: ${HUB}`, 'encoder: has no effect: no metric of this file reads vectors of texts; name one that does'],
    ['encoder: minilm\nmetrics: [d-sem]', 'encoder: "minilm" must be file:FOLDER or hf://OWNER/NAME@REVISION'],
    ['metrics: [{name: d-sem, settings: {encoder: minilm}}]', '"minilm" is no encoder; write file:FOLDER or hf://OWNER/NAME@REVISION'], // prettier-ignore
  ])('refused: %s', async (lines, message) => {
    const found = await problems(withLines(lines));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(message);
  });

  test('asked for after the fact', async () => {
    const { plan } = await load(SMALL);
    expect(encoders({ metrics: withMetrics(plan, 'd-sem', HUB) }).filter((one) => one !== undefined)).toEqual([HUB]);
    expect(() => withMetrics(plan, 'd-sem')).toThrow('d-sem reads vectors of texts');
  });
});

test('an encoder is known by what it holds: no folder in runs, keys or documents, and the plan is the same', async () => {
  const plain = await load(SMALL);
  const { plan } = await load(withLines('encoder: file:/models/minilm\nmetrics: [rep, d-sem]'));
  const known = { ...plan, sources: { 'file:/models/minilm': DIGEST } };
  expect(planDigest(known)).toBe(planDigest(plain.plan));
  const name = `file:minilm@${DIGEST}`;
  const [run] = expand(known) as RunPlan[];
  expect(encoders(run)).toEqual([undefined, name]);
  expect(encoders(portablePlan(known))).toEqual([undefined, name]);
  expect(JSON.stringify(portablePlan(known))).not.toContain('/models');
  expect(encoderSource(name, known.sources)).toBe('file:/models/minilm');
  expect([encoderSource(name), encoderSource(HUB)]).toEqual([undefined, HUB]);
  // what is read from a store later knows no folder
  const member = { family: 'language-model', training: {} } as unknown as MixedStepMember;
  const whole = (of: Pick<RunPlan, 'metrics' | 'sources' | 'claims'>) => scoredOf(member, of, {} as never);
  const scored = (of: Parameters<typeof whole>[0]) => whole(of).encoders;
  expect(scored(run)).toEqual({ [name]: 'file:/models/minilm' });
  expect(scored({ metrics: run.metrics })).toBeUndefined();
  const claims = [{ source: 'file:/models/minilm', licence: 'Apache-2.0' }, { source: 'file:/train.txt' }];
  expect([whole({ ...run, claims }).claims, whole(run).claims]).toEqual([[claims[0]], undefined]);
  expect(scored((expand(plain.plan) as RunPlan[])[0])).toBeUndefined();
});
