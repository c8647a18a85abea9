/** Conditions whose settings change from a generation on: in words, and as one stem with two futures. */
import { describe, expect, test } from '@jest/globals';
import { describeCondition } from '../../report/describe-phases.js';
import { render } from '../../report/html.js';
import { curveFigures } from '../../report/sections/curves.js';
import { estimate, type Summary } from '../../report/summary.js';
import { load, SMALL } from '../spec/support.js';

const phased = (name: string, ...phases: string[]) =>
  `  - name: ${name}\n    mixture: { kind: replace }\n    phases: [${phases.join(', ')}]\n`;

describe('in words', () => {
  const words = async (...phases: string[]) => describeCondition((await load(SMALL + phased('other', ...phases))).plan.conditions[1]); // prettier-ignore

  test('a mixture, settings, and what comes later', async () => {
    const first = 'only generated data: each generation’s records replace those before';
    expect(await words('{ from: 3, mixture: { kind: accumulate } }')).toBe(
      `${first}; from generation 3 on: all records so far, real and generated`,
    );
    expect(
      await words(
        '{ from: 2, override: { opt: { training: { epochs: 5, lora: { rank: 2, alpha: 4, targets: [q_proj] } }, decoding: { strategy: sample } } } }',
        '{ from: 4, mixture: { kind: keep-share, share: 0.25 }, override: { opt: { training: { epochs: 2 } } } }',
      ),
    ).toBe(
      `${first}; from generation 2 on: training.epochs 5 (before: 2); decoding.strategy sample (before: greedy); training.lora.rank 2 (before: none); training.lora.alpha 4 (before: none); training.lora.dropout 0 (before: none); training.lora.targets ["q_proj"] (before: none)` +
        '; from generation 4 on: 25 % of the records are of the first real set, drawn anew each generation; the rest is generated; training.epochs 2 (before: 5)',
    );
    expect(await words('{ from: 2, override: { opt: { training: { epochs: 2 } } } }')).toBe(
      `${first}; from generation 2 on: as before`,
    );
  });

  test('real text in place of writing, and how it is made to end', async () => {
    const { plan } = await load(`${SMALL.replace('strategy: greedy', 'strategy: greedy, maxNewTokens: 9').replace('    prompts:', '    postprocess: [dedupe]\n    prompts:')}references: [real-text]\n`); // prettier-ignore
    expect(describeCondition(plan.conditions[1])).toBe(
      'real text as if opt had written it, through stop {minTokens: 9, maxTokens: 9}; what is written goes through dedupe {within: "set"}; generation 0 alone',
    );
  });

  test('of several members, whose mixture it is', async () => {
    const two = SMALL.replace(
      'conditions:',
      '  - name: gpt\n    base: { kind: scratch, architecture: { hidden: 16, layers: 1, heads: 2 } }\n    start: base\n    training: { epochs: 1, batch: 4, learningRate: 1e-3 }\n    decoding: { strategy: greedy }\n    prompts: original\nconditions:',
    );
    const { plan } = await load(
      two + phased('other', '{ from: 2, override: { gpt: { mixture: { kind: accumulate }, start: previous } } }'),
    );
    expect(describeCondition(plan.conditions[1])).toMatch(
      / those before; from generation 2 on: gpt: all records so far, real and generated; gpt\.start previous \(before: base\)$/,
    );
  });
});

describe('on the page', () => {
  const measure = { key: 'k', metric: 'm', variant: 'v', version: 1, settings: {}, label: 'm' };
  const summaryOf = (values: Readonly<Record<string, readonly (readonly number[])[]>>): Summary => ({
    measures: [measure],
    generations: [0, 1, 2, 3],
    seeds: [1, 2],
    series: Object.entries(values).map(([condition, at]) => ({
      condition,
      member: 'opt',
      label: condition,
      points: new Map([['k', at.map((of, generation) => ({ generation, seeds: [1, 2], values: Float64Array.from(of), ...estimate(of) }))]]),
    })),
  }); // prettier-ignore
  const stem = [[1, 2], [2, 3], [3, 4], [4, 5]]; // prettier-ignore
  const page = async (values: Readonly<Record<string, readonly (readonly number[])[]>>) =>
    render(
      curveFigures(summaryOf(values), (await load(SMALL + phased('other', '{ from: 2, mixture: { kind: accumulate } }'))).plan)
        .lead,
    );
  /** how many points each line has: means, then seeds */
  const lines = (html: string, name: string) =>
    [...html.matchAll(new RegExp(`<path class="${name}" d="(M[^"]*L[^"]*)"`, 'g'))].map(([, d]) => d.split('L').length); // prettier-ignore

  test('the stem has one line, and the future of the other begins where they part', async () => {
    const html = await page({ replace: stem, other: [...stem.slice(0, 2), [5, 6], [9, 9]] });
    // the two lines of the legend last
    expect(lines(html, 'mean').slice(0, -2)).toEqual([4, 3]);
    expect(lines(html, 'seed')).toEqual([4, 4, 3, 3]);
    // halfway between generations 1 and 2, on an axis from 0 to 3
    const [, x, ...ends] = /<line class="turn" x1="([\d.]+)" x2="([\d.]+)"/.exec(html)!;
    const ticks = [...html.matchAll(/<text class="tick" x="([\d.]+)" y="[\d.]+" text-anchor="middle">(\d)</g)].map(([, at]) => Number(at)); // prettier-ignore
    expect(Number(x)).toBeCloseTo((ticks[1] + ticks[2]) / 2, 1);
    expect(ends).toEqual([x]);
    expect(html).toContain('other settings from generation 2 on: other');
    expect(html).toContain('A thin upright line stands where settings change');
  });

  test('a line is whole where a seed is another before, and no upright line stands where nothing changes', async () => {
    const html = await page({ replace: stem, other: [stem[0], [2, 3.5], [5, 6], [9, 9]] });
    expect(lines(html, 'mean').slice(0, -2)).toEqual([4, 4]);
    const plain = render(curveFigures(summaryOf({ replace: stem }), (await load(SMALL)).plan).lead);
    expect(plain).not.toContain('turn');
    expect(plain).not.toContain('upright');
  });
});
