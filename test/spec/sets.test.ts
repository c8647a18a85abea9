import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseYaml } from '../../spec/document.js';
import { resolveExperiment } from '../../spec/resolve.js';
import { applySets } from '../../spec/sets.js';
import { load, problems, SMALL, type TextPlan } from './support.js';

const small = (): unknown => parseYaml(SMALL).data;

describe('--set', () => {
  test('by index, by name, nested, lists, new mappings; later ones win', async () => {
    const sets = [
      'population.0.training.epochs=7',
      'population.opt.training.batch=9',
      'seeds=[3, 4]',
      'seeds.2=5',
      'data.limit.train=12',
      'generations=1',
      'generations=3',
      'conditions.replace.name=alone',
    ];
    const { plan } = await load(SMALL, { sets });
    expect(plan.population[0].training).toMatchObject({ epochs: 7, batch: 9 });
    expect(plan).toMatchObject({ seeds: [3, 4, 5], generations: 3 });
    expect(plan.data.text.limit).toEqual({ train: 12 });
    expect(plan.conditions[0].name).toBe('alone');
  });

  test('values are YAML: numbers, text with equals signs, mappings', async () => {
    const { plan } = await load(SMALL, {
      sets: [
        'population.opt.training.learningRate=2e-5',
        'title="a = b: c"',
        'conditions.0.mixture={kind: keep-share, share: 0.25}',
      ],
    });
    expect(plan.population[0].training.learningRate).toBe(2e-5);
    expect(plan.title).toBe('a = b: c');
    expect(plan.conditions[0].members[0].mixture).toMatchObject({ kind: 'keep-share', share: 0.25 });
  });

  test.each([
    ['seeds=1,2,3', [1, 2, 3]],
    ['seeds=4, 2', [4, 2]],
    ['seeds=1..3', [1, 2, 3]],
    ['seeds=0..0', [0]],
    ['seeds=7', [7]],
    ['seeds=[5]', [5]],
  ])('lists of numbers need no brackets, which shells read in their own way: %s', async (set, seeds) => {
    expect((await load(SMALL, { sets: [set] })).plan.seeds).toEqual(seeds);
  });

  test('elsewhere a number is a number, and text with commas and dots is text', async () => {
    const { plan } = await load(SMALL, { sets: ['generations=7', 'title=1..3 and 1,2', 'data.limit.train=12'] });
    expect(plan).toMatchObject({ generations: 7, title: '1..3 and 1,2', data: { text: { limit: { train: 12 } } } });
    expect(applySets({}, ['a=0.5,1e-3,-2']).data).toEqual({ a: [0.5, 1e-3, -2] });
  });

  test('problems name the --set that caused them', async () => {
    expect(await problems(SMALL, { sets: ['population.opt.training.epochs=1.5'] })).toEqual([
      '--set population.opt.training.epochs=1.5: population.0.training.epochs: must be a whole number, but is 1.5',
    ]);
    expect(await problems(SMALL, { sets: ['generatons=3'] })).toEqual([
      '--set generatons=3: unknown key "generatons"; did you mean "generations"?',
    ]);
    expect(await problems(SMALL, { sets: ['data.blok.x=3'] })).toEqual([
      '--set data.blok.x=3: data.blok: unknown key "blok"; did you mean "block"?',
    ]);
    expect(await problems(SMALL, { sets: ['population.opt.decoding.beams=4'] })).toEqual([
      '--set population.opt.decoding.beams=4: population.0.decoding.beams: "beams" has no effect with strategy: greedy; use strategy: beam or beam-sample, or remove it',
    ]);
  });

  test.each([
    ['population.bob.start=base', 'names no entry of population; use an index or one of: opt'],
    ['seeds.7=2', 'goes past the end of seeds, which has 1 entry'],
    ['seeds.x=2', 'names no entry of seeds; use an index'],
    ['seeds=3..1', 'is a range that counts down; write the lower number first, for example seeds=1..3'],
    ['seeds=1..4294967295', 'is a range of more than 100,000 numbers; write { from: 1, count: N }, in quotes'],
    ['seeds=1,,2', 'must be a list, but is "1,,2"'],
    ['name.x=1', 'goes into name, which is not a mapping or a list; set name itself'],
    ['generations', 'has no value; write PATH=VALUE, for example generations=3'],
    ['=3', 'has no value; write PATH=VALUE, for example generations=3'],
    ['data..block=3', 'has an empty step in its path; write steps with single dots, for example data.block'],
    ['seeds=[1', 'has a value that cannot be read (not valid YAML: Flow sequence must end with a ]); put it in quotes'],
    ['__proto__.x=1', 'has a step that no file may have: __proto__'],
    ['data=*a', 'has a value that cannot be read'],
  ])('%s', async (set, message) => {
    const [problem] = await problems(SMALL, { sets: [set] });
    expect(problem.startsWith(`--set ${set}: ${message}`)).toBe(true);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  test('relative files start from the YAML’s folder, or from the working folder for --set', async () => {
    const yaml = SMALL.replace('train: grammar:zipf', 'train: file:a.txt, valid: file:../v.txt, test: file:///abs/t.txt');
    const { plan, file } = await load(yaml, { sets: ['data.train=file:mine/b.txt'], cwd: '/work-here' });
    expect(plan.data.text).toMatchObject({
      train: 'file:/work-here/mine/b.txt',
      valid: `file:${path.resolve(path.dirname(file), '../v.txt')}`,
      test: 'file:/abs/t.txt',
    });
    const tuned = await load(yaml.replace(/base: .*/, 'base: file:model').replace(/tokenizer:.*\n/, ''), { cwd: '/work-here' });
    expect(tuned.plan.population[0].base).toEqual({
      kind: 'checkpoint',
      source: `file:${path.join(path.dirname(tuned.file), 'model')}`,
    });
  });

  test('property: setting any number that the schema allows gives exactly that plan', () => {
    const number = fc.oneof(
      fc.tuple(fc.constant('generations'), fc.integer({ min: 0, max: 10_000 })),
      fc.tuple(fc.constant('data.limit.test'), fc.integer({ min: 1, max: 1_000_000 })),
      fc.tuple(fc.constant('population.opt.training.epochs'), fc.integer({ min: 1, max: 100_000 })),
      fc.tuple(fc.constant('population.0.training.learningRate'), fc.double({ min: 1e-300, max: 10, noNaN: true })),
      fc.tuple(fc.constant('population.0.generation0.weightDecay'), fc.double({ min: 0, max: 1, noNaN: true })),
    );
    fc.assert(
      fc.property(number, ([at, value]) => {
        const { data, problems: wrong } = applySets(small(), [`${at}=${value}`]);
        expect(wrong).toEqual([]);
        const plan = resolveExperiment(data).plan as unknown as TextPlan | undefined;
        const member = plan!.population[0];
        const found = {
          generations: plan!.generations,
          'data.limit.test': plan!.data.text!.limit.test,
          'population.opt.training.epochs': member.training.epochs,
          'population.0.training.learningRate': member.training.learningRate,
          'population.0.generation0.weightDecay': member.generation0.weightDecay,
        };
        expect(found[at as keyof typeof found]).toBe(value);
      }),
    );
  });

  test('property: whatever is set, the answer is a plan or problems that name it, and the original is untouched', () => {
    const step = fc.oneof(
      fc.constantFrom(
        'data',
        'population',
        'opt',
        '0',
        '1',
        'training',
        'seeds',
        'base',
        'mixture',
        'conditions',
        'override',
        'metrics',
        '__proto__',
        'constructor',
      ),
      fc.string({ maxLength: 6 }),
    );
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 5 }),
        fc.oneof(fc.string({ maxLength: 12 }), fc.json({ maxDepth: 2 })),
        (steps, value) => {
          const original = small();
          const text = `${steps.join('.')}=${value}`;
          const { data, problems: wrong } = applySets(original, [text]);
          expect(original).toEqual(small());
          for (const problem of wrong) expect(problem.text).toBe(text);
          const resolved = resolveExperiment(data);
          expect(resolved.plan === undefined ? resolved.problems.length > 0 : true).toBe(true);
          expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('x');
        },
      ),
      { numRuns: 500 },
    );
  });
});
