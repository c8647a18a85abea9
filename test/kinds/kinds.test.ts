/** Members of several kinds in one file: one grammar, a run for each seed of those with steps, a run for each block of a cheap one. */
import { describe, expect, test } from '@jest/globals';
import { expand } from '../../spec/expand.js';
import { outline } from '../../workflows/outline.js';
import { load, problems, SMALL } from '../spec/support.js';

const VAE = `  - name: vae
    family: vae
    base: { kind: scratch, architecture: { kind: dense, latent: 2, hidden: [8] } }
    training: { epochs: 1, batch: 4, learningRate: 1e-3 }
`;
const BIGRAM = '  - { name: bigram, family: n-gram }\n';
const NORMAL = '  - { name: normal, family: gaussian, sample: 50 }\n';
const withMembers = (...members: string[]) => SMALL.replace('conditions:', `${members.join('')}conditions:`);
const DATA = 'data: { train: grammar:zipf, block: 16 }';
const both = (yaml: string) =>
  yaml.replace(DATA, 'data: { text: { train: grammar:zipf, block: 16 }, images: { train: file:/i.gz } }');

describe('members of several kinds', () => {
  test('a language model beside an n-gram of the same text and a Gaussian', async () => {
    const { plan } = await load(withMembers(BIGRAM, NORMAL).replace('[1]', '{ count: 3 }'));
    expect(plan.data).toMatchObject({
      text: { train: 'grammar:zipf', block: 16 },
      chains: { train: 'grammar:zipf', test: 'grammar:zipf', grammar: { vocabulary: 600 } },
    });
    expect(expand(plan as never).map(({ id }) => id)).toEqual([
      'replace/seed-1',
      'replace/seed-2',
      'replace/seed-3',
      'replace/bigram/seed-1',
      'replace/bigram/seed-2',
      'replace/bigram/seed-3',
      'replace/normal/seeds-1-3',
    ]);
    // the cheap ones have no step of their own in the runs of those that have
    expect(outline(plan as never).runs.flatMap(({ steps }) => steps.map(({ member }) => member))).not.toContain('normal');
  });

  test('texts and images: one run, the data of each, metrics of both', async () => {
    const { plan } = await load(both(withMembers(VAE)));
    expect(Object.keys(plan.data)).toEqual(['text', 'images']);
    const names = plan.metrics.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['perplexity', 'elbo']));
    const { runs, prepare } = outline(plan as never);
    expect(runs).toHaveLength(1);
    expect(new Set(runs[0].steps.map(({ member }) => member))).toEqual(new Set(['opt', 'vae']));
    expect(prepare).toHaveLength(2);
  });

  test('cheap members that learn from each other have runs together, in any of their phases', async () => {
    const member = (name: string, mixture: string) => NORMAL.replace('normal', name).replace('50', `50, mixture: ${mixture}`);
    const yaml = withMembers(
      member('a', '[{ from: b }]'),
      NORMAL.replace('normal', 'alone'),
      member('b', '[{ from: [a, c], take: { share: 1 } }]'),
      member('c', '[{ from: self }]'),
      NORMAL.replace('normal', 'late'),
      NORMAL.replace('normal', 'l2'),
    ).replace(
      '    mixture: { kind: replace }\n',
      '    mixture: { kind: replace }\n    phases: [{ from: 1, override: { late: { mixture: [{ from: l2 }] } } }]\n',
    );
    const chains = expand((await load(yaml)).plan as never).filter((run) => run.kind === 'chains');
    expect(chains.map(({ id, member, tied, phases }) => [id, member.name, tied?.map(({ name }) => name), phases?.map(({ from, members }) => [from, members.length])])).toEqual([
      ['replace/a+b+c/seed-1', 'a', ['b', 'c'], undefined],
      ['replace/alone/seed-1', 'alone', undefined, undefined],
      ['replace/late+l2/seed-1', 'late', ['l2'], [[1, 2]]],
    ]); // prettier-ignore
  });

  test('a phase of one member alone cuts no other member\u2019s chains', async () => {
    const yaml = withMembers(NORMAL, NORMAL.replace('normal', 'other')).replace(
      '    mixture: { kind: replace }\n',
      '    mixture: { kind: replace }\n    phases: [{ from: 1, override: { other: { mixture: { kind: accumulate } } } }]\n',
    );
    const chains = expand((await load(yaml)).plan as never).filter((run) => run.kind === 'chains');
    expect(chains.map(({ id, phases }) => [id, phases?.map(({ from }) => from)])).toEqual([
      ['replace/normal/seed-1', undefined],
      ['replace/other/seed-1', [1]],
    ]);
  });

  test.each([
    ['data of one kind only', withMembers(VAE), ['e.yaml:5:7: data: members of this file learn from text and from images; write data: {text: {train: file:PATH, valid: file:PATH, test: file:PATH, block: 64}, images: {train: file:PATH}}']],
    ['what the other kind writes', both(withMembers(VAE + '    mixture: [{ from: opt }]\n')), ['e.yaml:18:23: population.1.mixture.0.from: opt writes texts, and vae learns from images; use real or self']],
    ['what a cheap model writes', withMembers(NORMAL, '').replace('prompts: original', 'prompts: original\n    mixture: [{ from: normal }]'), ['e.yaml:14:23: population.0.mixture.0.from: normal writes records of its own family, and opt learns from texts; use real or self']],
    ['a cheap model that learns from another truth', withMembers(NORMAL, NORMAL.replace('normal', 'other').replace('50', '50, sigma: 2, mixture: [{ from: normal }]')), ['e.yaml:15:78: population.2.mixture.0.from: normal and other learn of different truths, because their sigma differs; use real or self']],
    ['a cheap model that learns from another family', withMembers(BIGRAM, NORMAL.replace('50', '50, mixture: [{ from: bigram }]')), ['e.yaml:15:69: population.2.mixture.0.from: bigram writes no records of the family gaussian, of which normal is; use real or self']],
    ['a regression that learns from another', withMembers(...['line', 'other'].map((name) => `  - { name: ${name}, family: regression, dimensions: 2, sample: 50, mixture: [{ from: ${name === 'line' ? 'self' : 'line'} }] }\n`)), ['e.yaml:15:85: population.2.mixture.0.from: each regression answers inputs of its own, so what line answers says nothing of those of other; use real or self']],
    ['cheap models that wait for each other', withMembers(...['a', 'b'].map((name) => `  - { name: ${name}, family: gaussian, sample: 50, mixture: [{ from: ${name === 'a' ? 'b' : 'a'}, generation: current }] }\n`)), ['e.yaml:14:55: population.1.mixture: a trains on b trains on a, all of the same generation: none can be first; let one of them read generation: previous']],
    ['a template, and an n-gram', withMembers(BIGRAM).replace(DATA, 'data: { train: file:/a.jsonl, valid: file:/b.jsonl, test: file:/c.jsonl, block: 16, template: alpaca }'), ['e.yaml:5:85: data.template: n-grams read every line of a text as it is; remove it, or put the n-gram into a file of its own']],
    ['a metric of nothing that is there', withMembers(NORMAL) + 'metrics: [elbo]\n', [expect.stringContaining('metrics.0: unknown value "elbo"')]],
  ])('refused: %s', async (_, yaml, told) => {
    expect(await problems(yaml)).toEqual(told);
  }); // prettier-ignore
});
