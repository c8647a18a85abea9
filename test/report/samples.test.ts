import { describe, expect, test } from '@jest/globals';
import { continuations } from '../../report/samples.js';
import type { Results } from '../../report/rows.js';
import { renderContinuations } from '../../report/terminal.js';
import { columns } from '../../report/text.js';
import { makeFixture } from './fixture.js';
import { HOSTILE } from './hostile.js';

const { plan } = makeFixture({ seeds: [1, 2], generations: 1, conditions: ['replace', 'keep'] });

function sample(
  condition: string,
  seed: number,
  generation: number,
  prompt: string,
  text: string,
  record = `g${generation}/opt/000000`,
): Results['samples'][number] {
  return { condition, seed, member: 'opt', generation, prompt, text, record };
}

describe('continuations', () => {
  const samples = [
    sample('keep', 1, 0, 'rare', 'x'),
    sample('keep', 1, 0, 'often', 'k0'),
    sample('keep', 1, 1, 'often', 'k1'),
    sample('replace', 2, 1, 'often', 's2'),
    sample('replace', 1, 0, 'often', 'r0'),
    sample('replace', 1, 0, 'often', 'again'),
    sample('replace', 1, 1, 'often', 'r1'),
  ];

  test('the prompt that most generations continue comes first, conditions in the plan’s order', () => {
    const [first, second, third] = continuations({ samples, plan });
    expect(first).toEqual({
      prompt: 'often',
      seed: 1,
      generations: [0, 1],
      columns: [
        {
          label: 'replace',
          texts: new Map([
            [0, 'r0'],
            [1, 'r1'],
          ]),
        },
        {
          label: 'keep',
          texts: new Map([
            [0, 'k0'],
            [1, 'k1'],
          ]),
        },
      ],
    });
    expect([second.prompt, second.seed, third.prompt]).toEqual(['often', 2, 'rare']);
  });

  test('where generations continue each other, positions are followed', () => {
    const members = [{ ...plan.population[0], prompts: 'previous' as const, mixture: { kind: 'replace' as const } }];
    const chained = { ...plan, conditions: plan.conditions.map((condition) => ({ ...condition, members })) };
    const [only] = continuations({
      samples: [sample('replace', 1, 1, 'g0 wrote', 'b'), sample('replace', 1, 0, 'real', 'a')],
      plan: chained,
    });
    expect([only.prompt, [...only.columns[0].texts]]).toEqual([
      'real',
      [
        [1, 'b'],
        [0, 'a'],
      ],
    ]);
  });

  test('in a terminal nothing escapes, nothing is too wide, and each text keeps to its lines', () => {
    const hostile = HOSTILE.map((text, generation) => sample('replace', 1, generation, HOSTILE[10], text));
    const out = renderContinuations(continuations({ samples: hostile, plan })[0], 60, 2);
    expect(out).not.toMatch(/[\p{Cs}\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
    for (const line of out.split('\n')) expect(columns(line)).toBeLessThanOrEqual(62);
    expect(out.split('\n').length).toBeLessThanOrEqual(6 + 2 * HOSTILE.length + 2);
  });
});
