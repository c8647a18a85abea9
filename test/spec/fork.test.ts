/** What a fork's experiment says, of what the forked one's file said. */
import { describe, expect, test } from '@jest/globals';
import { parseYaml } from '../../spec/document.js';
import { forkOf, type ForkRequest } from '../../spec/fork.js';
import { SMALL } from './support.js';

const KEEP = `  - name: keep
    mixture: { kind: keep-share, share: 0.2 }
    override: { opt: { start: base } }
    phases:
      - { from: 2, mixture: { kind: weights, alpha: 0.5, beta: 0.5 } }
      - { from: 5, override: { opt: { training: { epochs: 9 } } } }
`;
const document = parseYaml(SMALL + KEEP).data;
const request = { condition: 'replace', generation: 3, name: 'small-fork', generations: 6 };
const forked = (of: Partial<ForkRequest>) => forkOf(document, { ...request, sets: [], ...of });
/** the conditions of the fork */
const conditions = (of: Partial<ForkRequest>) => forked(of).document.conditions as readonly Record<string, unknown>[];

test('is the condition as it was and one with a phase; all else is as it was', () => {
  const { document: made, condition } = forked({ seed: 4, sets: ['training.epochs=7', 'mixture.kind=accumulate', 'override.opt.start=base'] }); // prettier-ignore
  expect(condition).toBe('replace-from-3');
  const { conditions: _, ...head } = document as Record<string, unknown>;
  expect(made).toEqual({
    ...head,
    name: 'small-fork',
    seeds: [4],
    generations: 6,
    conditions: [
      { name: 'replace', mixture: { kind: 'replace' } },
      {
        name: 'replace-from-3',
        mixture: { kind: 'replace' },
        phases: [{ from: 3, mixture: { kind: 'accumulate' }, override: { opt: { training: { epochs: 7 }, start: 'base' } } }],
      },
    ],
  });
  expect(forked({ sets: ['training.epochs=7'] }).document.seeds).toEqual([1]);
});

describe('a mixture', () => {
  const mixtureOf = (of: Partial<ForkRequest>) => (conditions(of)[1].phases as readonly { from: number; mixture?: unknown }[]).find(({ from }) => from === (of.generation ?? 3))!.mixture; // prettier-ignore

  test('is changed in part, or is another one, or stays as it is', () => {
    const keep = { condition: 'keep', generation: 1 };
    expect(mixtureOf({ ...keep, sets: ['mixture.share=0.5'] })).toEqual({ kind: 'keep-share', share: 0.5 });
    expect(mixtureOf({ ...keep, sets: ['mixture.kind=replace'] })).toEqual({ kind: 'replace' });
    expect(mixtureOf({ ...keep, sets: ['mixture={ kind: fresh, share: 0.1 }'] })).toEqual({ kind: 'fresh', share: 0.1 });
    expect(mixtureOf({ ...keep, sets: ['mixture=[{ from: real }]'] })).toEqual([{ from: 'real' }]);
    expect(mixtureOf({ ...keep, sets: ['training.epochs=2'] })).toBeUndefined();
  });

  test('is that of the phase that holds then', () => {
    expect(mixtureOf({ condition: 'keep', generation: 4, sets: ['mixture.beta=0.4', 'mixture.gamma=0.1'] })).toEqual({ kind: 'weights', alpha: 0.5, beta: 0.4, gamma: 0.1 }); // prettier-ignore
  });
});

test('phases that are there stay, in their order; one that begins then has both', () => {
  const [, between] = conditions({ condition: 'keep', generation: 3, sets: ['training.epochs=2'] });
  expect((between.phases as { from: number }[]).map(({ from }) => from)).toEqual([2, 3, 5]);
  const [, at] = conditions({ condition: 'keep', generation: 5, sets: ['training.batch=2'] });
  expect(at.phases).toEqual([
    { from: 2, mixture: { kind: 'weights', alpha: 0.5, beta: 0.5 } },
    { from: 5, override: { opt: { training: { epochs: 9, batch: 2 } } } },
  ]);
});

test('a --set knows where it went', () => {
  expect(forked({ condition: 'keep', sets: ['training.epochs=2', 'mixture.beta=1'] }).settings).toEqual([
    { text: 'training.epochs=2', path: 'conditions.1.phases.1.override.opt.training.epochs' },
    { text: 'mixture.beta=1', path: 'conditions.1.phases.1.mixture.beta' },
  ]);
  expect(() => forked({ sets: ['training.epochs'] })).toThrow('--set training.epochs has no value; write PATH=VALUE, for example generations=3'); // prettier-ignore
});

test('of several members one is named; the mixture of a single one is its own where the condition has none', () => {
  const two = parseYaml(SMALL.replace('conditions:', '  - { name: gpt, mixture: { kind: replace } }\nconditions:')).data;
  const of = (sets: string[]) => forkOf(two, { ...request, sets });
  expect(() => of(['training.epochs=2'])).toThrow('--set training.epochs=2: there are several members (opt, gpt); write override.opt.training.epochs=2'); // prettier-ignore
  expect(() => of(['gpt.start=base'])).toThrow('write override.gpt.start=base');
  expect(of(['override.gpt.start=base']).document.conditions).toMatchObject([{}, { phases: [{ from: 3, override: { gpt: { start: 'base' } } }] }]); // prettier-ignore
  const own = parseYaml(SMALL.replace('    mixture: { kind: replace }\n', '').replace('    prompts', '    mixture: { kind: replace }\n    prompts')).data; // prettier-ignore
  expect(forkOf(own, { ...request, sets: ['mixture.kind=accumulate'] }).document.conditions).toMatchObject([{}, { phases: [{ from: 3, override: { opt: { mixture: { kind: 'accumulate' } } } }] }]); // prettier-ignore
});
