/** What an experiment will do, before it does it. */
import { describe, expect, test } from '@jest/globals';
import { outline, stepsOfGeneration, total, type OutlineStep, type StepName } from '../../workflows/outline.js';
import { SMALL, load } from '../spec/support.js';

const of = async (text: string) => outline((await load(text)).plan);
const SAMPLED = SMALL.replace('    prompts:', '    sample: 20\n    prompts:');

test('every step of every run once, by name, after those whose outputs it reads', async () => {
  const { experiment, prepare, runs, totals } = await of(SMALL);
  expect(experiment).toBe('small');
  expect(prepare.map(({ id }) => id)).toEqual(['prepare']);
  expect(runs.map(({ run, condition, seed }) => [run, condition, seed])).toEqual([['replace/seed-1', 'replace', 1]]);
  const at = (t: number, step: string) => `replace/seed-1/g${t}/opt/${step}`;
  const { steps } = runs[0];
  expect(steps.map(({ id }) => id)).toEqual([
    ...['finetune', 'generate', 'score'].map((step) => at(0, step)),
    ...[1, 2].flatMap((t) => ['sample', 'finetune', 'generate', 'score'].map((step) => at(t, step))),
  ]);
  const after = (id: string) => steps.find((step) => step.id === id)!.after;
  expect(after(at(0, 'finetune'))).toEqual(['prepare']);
  expect(after(at(1, 'sample'))).toEqual([at(0, 'generate')]);
  expect([...after(at(2, 'finetune'))].sort()).toEqual(['prepare', at(1, 'finetune'), at(2, 'sample')].sort());
  expect(totals).toMatchObject({ runs: 1, steps: 12, computed: 12 });
});

test('what is determined alike is computed once: generation 0 by all conditions of a seed, by no other seed', async () => {
  const two = `${SMALL.replace('seeds: [1]', 'seeds: [1, 2]')}  - name: keep\n    mixture: { kind: keep-share, share: 0.5 }\n`;
  const { runs, totals } = await of(two);
  expect(runs.map(({ run }) => run)).toEqual(['replace/seed-1', 'replace/seed-2', 'keep/seed-1', 'keep/seed-2']);
  const shared = runs.flatMap(({ steps }) => steps.flatMap(({ id, sameAs }) => (sameAs === undefined ? [] : [[id, sameAs]])));
  expect(shared).toEqual(
    [1, 2].flatMap((seed) =>
      ['finetune', 'generate', 'score'].map((step) => [
        `keep/seed-${seed}/g0/opt/${step}`,
        `replace/seed-${seed}/g0/opt/${step}`,
      ]),
    ),
  );
  expect(totals.computed).toBe(totals.steps - 6);
});

test('members that read each other’s last texts: both the ones of the generation before, whoever comes first', async () => {
  const member = (name: string, other: string) =>
    SMALL.slice(SMALL.indexOf('  - name: opt'), SMALL.indexOf('conditions:')).replace('name: opt', `name: ${name}`) +
    `    mixture: [{ from: ${other} }]\n`;
  const { runs } = await of(
    `${SMALL.slice(0, SMALL.indexOf('  - name: opt'))}${member('a', 'b')}${member('b', 'a')}conditions: [{ name: ring }]\n`,
  );
  const after = (id: string) => runs[0].steps.find((step) => step.id === `ring/seed-1/${id}`)!.after;
  expect(after('g2/a/sample')).toEqual(['ring/seed-1/g1/b/generate']);
  expect(after('g2/b/sample')).toEqual(['ring/seed-1/g1/a/generate']);
});

describe('tokens', () => {
  test('are upper bounds where the data are limited, and unknown where they are not', async () => {
    expect((await of(SMALL)).totals).not.toHaveProperty('trainTokens');
    const limited = SMALL.replace('block: 16 }', 'block: 16, limit: { train: 10, test: 3 } }');
    const { runs, totals } = await of(limited);
    const tokens = (id: string) => runs[0].steps.find((step) => step.id.endsWith(id))!.tokens;
    const longer = await of(limited.replace('    training:', '    generation0: { epochs: 5 }\n    training:'));
    expect(longer.totals.trainTokens).toBe((5 + 2 + 2) * 10 * 16);
    // 10 blocks of 16, two epochs; 10 prompts continued by as many new tokens as the plan says; 3 blocks beside them
    expect(tokens('g1/opt/finetune')).toBe(10 * 2 * 16);
    const written = tokens('g1/opt/generate')!;
    expect(tokens('g1/opt/score')).toBe(3 * 16 + written);
    expect(totals.trainTokens).toBe(3 * 10 * 2 * 16);
    expect(totals.writeTokens).toBe(3 * written);
  });

  test('of samples that grow, and of a mixture that accumulates', async () => {
    const growing = SAMPLED.replace('sample: 20', 'sample: { size: 20, growth: 1 }').replace('greedy', 'sample');
    const tokens = async (text: string) =>
      (await of(text)).runs[0].steps.flatMap(({ step, tokens }) => (step === 'finetune' ? [tokens! / 2 / 16] : []));
    expect(await tokens(SAMPLED)).toEqual([20, 20, 20]);
    expect(await tokens(growing)).toEqual([20, 40, 60]);
    expect(await tokens(SAMPLED.replace('kind: replace', 'kind: accumulate'))).toEqual([20, 40, 60]);
  });

  test('of candidates count all that are written, and in training those that are not chosen among before', async () => {
    const several = SMALL.replace('block: 16 }', 'block: 16, limit: { train: 10, test: 3 } }').replace('strategy: greedy', 'strategy: sample, numReturnSequences: 4'); // prettier-ignore
    const chosen = several.replace('    prompts:', '    postprocess: [{ curate: { column: nll_sum } }]\n    prompts:');
    const tokens = async (text: string, of: StepName) => (await outlined(text)).filter(({ step }) => step === of).map((step) => step.tokens! / 16); // prettier-ignore
    const outlined = async (text: string) => (await of(text)).runs[0].steps;
    expect(await tokens(several, 'finetune')).toEqual([20, 80, 80]);
    expect(await tokens(several, 'generate')).toEqual([40, 40, 40]);
    expect(await tokens(several, 'score')).toEqual([43, 43, 43]);
    expect(await tokens(chosen, 'finetune')).toEqual([20, 20, 20]);
    expect(await tokens(chosen, 'generate')).toEqual([40, 40, 40]);
    expect(await tokens(chosen, 'score')).toEqual([13, 13, 13]);
    // and what is resampled is more
    const again = chosen.replace('{ kind: replace }', '[{ from: self, through: [{ resample: { size: 2 } }] }]');
    expect(await tokens(again, 'finetune')).toEqual([20, 40, 40]);
    const written = chosen.replace('[{ curate', '[resample, { curate');
    expect(await tokens(written, 'finetune')).toEqual([20, 30, 30]);
    expect(await tokens(written, 'score')).toEqual([18, 18, 18]);
  });

  test('of several steps are known if each one’s are', () => {
    const step = (tokens?: number) => ({ tokens }) as OutlineStep;
    expect(total([step(1), step(2)])).toBe(3);
    expect(total([step(1), step()])).toBeUndefined();
    expect(total([])).toBe(0);
  });
});

test('which kinds of steps generation 0 and later ones have, in their order', async () => {
  const plan = await of(SMALL);
  expect(stepsOfGeneration(plan, 0)).toEqual(['finetune', 'generate', 'score']);
  expect(stepsOfGeneration(plan, 'later')).toEqual(['sample', 'finetune', 'generate', 'score']);
});

test('splits that are mixed are drawn and written by steps of their own, which conditions share as others', async () => {
  const limited = SMALL.replace('block: 16 }', 'block: 16, limit: { train: 10, valid: 4, test: 3 } }');
  const mixed = limited.replace('    prompts:', '    mixes: [train, valid, test]\n    prompts:');
  const shared = `${mixed}  - name: half\n    mixture: { kind: keep-share, share: 0.5 }\n`;
  const { runs, totals } = await of(shared);
  const steps = (run: number, t: number) => runs[run].steps.filter(({ generation }) => generation === t);
  const names = (run: number, t: number) => steps(run, t).map(({ id }) => id.split('/').at(-1));
  expect(names(0, 0)).toEqual(['finetune', 'generate', 'generate-valid', 'generate-test', 'score']);
  expect(names(0, 1)).toEqual(['sample', 'sample-valid', 'sample-test', 'finetune', 'generate', 'generate-valid', 'generate-test', 'score']); // prettier-ignore
  expect(steps(1, 0).every(({ sameAs }) => sameAs !== undefined)).toBe(true);
  expect(totals).toMatchObject({ steps: 1 + 2 * (5 + 8 + 8), computed: 1 + 2 * (5 + 8 + 8) - 5 });
  expect(steps(0, 1).find(({ id }) => id.endsWith('sample-valid'))!.after).toEqual(['replace/seed-1/g0/opt/generate-valid']);
  expect(steps(0, 1).find(({ id }) => id.endsWith('finetune'))!.after).toContain('replace/seed-1/g1/opt/sample-valid');
  const tokens = (name: string) => steps(0, 1).find(({ id }) => id.endsWith(name))!.tokens!;
  expect(tokens('generate-valid') / tokens('opt/generate')).toBe(4 / 10);
  expect(tokens('score')).toBe(2 * 3 * 16 + tokens('opt/generate'));
});
