import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { folder, SMALL } from '../spec/support.js';
import { habsburg } from './support.js';

const write = async (yaml: string): Promise<string> => {
  const file = path.join(await folder(), 'e.yaml');
  writeFileSync(file, yaml);
  return file;
};

/** A second member, which learns from the first. */
const READER = `  - name: reader
    base: { kind: scratch, architecture: { hidden: 16, layers: 1, heads: 2 } }
    start: base
    training: { epochs: 1, batch: 4, learningRate: 1e-3 }
    decoding: { strategy: sample }
    prompts: original
    mixture: [{ from: opt, generation: current }]
`;
const SAME = '';
const OTHER = '    tokenizer: { kind: bpe, vocabulary: 280 }\n';

describe('validate', () => {
  test('a valid file', async () => {
    const file = await write(SMALL);
    expect(await habsburg('validate', file)).toEqual({ code: 0, out: `${file}: valid\n`, err: '' });
    expect(JSON.parse((await habsburg('validate', file, '--json')).out)).toEqual({
      schema: 'habsburg.validate/v1',
      file,
      valid: true,
      problems: [],
    });
  });

  test('problems, as text and as JSON, with exit code 2', async () => {
    const file = await write(SMALL.replace('start: previous', 'start: previus').replace('epochs: 2', 'epochs: -1'));
    const text = await habsburg('validate', file);
    expect(text.code).toBe(2);
    expect(text.out).toBe(
      [
        `${file}:10:12: population.0.start: unknown value "previus"; did you mean "previous"?`,
        `${file}:11:25: population.0.training.epochs: must be at least 0, but is -1`,
        '2 problems',
        '',
      ].join('\n'),
    );
    const json = await habsburg('validate', file, '--json');
    expect(json.code).toBe(2);
    expect(JSON.parse(json.out).problems[0]).toEqual({
      file,
      line: 10,
      column: 12,
      path: 'population.0.start',
      message: 'unknown value "previus"',
      suggestion: 'did you mean "previous"?',
    });
  });

  test('--set, repeatable', async () => {
    const file = await write(SMALL);
    const { code, out } = await habsburg('validate', file, '--set', 'generations=1', '--set', 'seeds=x');
    expect(code).toBe(2);
    expect(out).toBe('--set seeds=x: must be a list, but is "x"\n1 problem\n');
  });

  test('a missing file is exit code 4, on stderr', async () => {
    expect(await habsburg('validate', 'no/such.yaml')).toEqual({
      code: 4,
      out: '',
      err: 'habsburg: no/such.yaml: no such experiment file; check the path\n',
    });
  });
});

describe('plan', () => {
  test('a table of runs with what they share', async () => {
    const { code, out } = await habsburg(
      'plan',
      'quickstart',
      '--set',
      'seeds=[1]',
      '--set',
      'generations=2',
      '--set',
      'population.opt.generation0.epochs=1',
      '--set',
      'data.limit.train=100',
      '--set',
      'data.limit.test=10',
    );
    expect(code).toBe(0);
    // 32-token blocks: 100 x (1 + 3 + 3) epochs of training, 3 times 100 written
    expect(out).toContain(
      [
        'run             steps  shared  tokens to train  to write  to score',
        'replace/seed-1     11       0           22,400     9,600    10,560',
        'keep-10/seed-1     11       3           19,200     6,400     7,040',
      ].join('\n'),
    );
    expect(out).toContain('20 steps are computed; 3 are the same as those of another run and are computed once');
  });

  test('a part of a text is said where the text is', async () => {
    const file = await write(SMALL.replace('block: 16', 'block: 16, subset: { train: 0.05, seed: 42 }'));
    const { out } = await habsburg('plan', file);
    expect(out).toMatch(/\n {2}train {2}grammar:zipf.*, 5 % of its lines by seed 42\n {2}valid {2}(?!.*% of its lines)/);
  });

  test.each([
    ['nothing is sampled in generation 0, and nothing viewed', [], SAME, ['finetune -> generate -> score', 'sample -> finetune -> generate -> score']],
    ['a smaller sample is drawn there, too', ['--set', 'population.opt.sample={size: 2}'], SAME, ['sample -> finetune -> generate -> score', 'sample -> finetune -> generate -> score']],
    ['one member reads what the other wrote in its own tokens', [], OTHER, ['finetune -> generate -> score', 'view -> sample -> finetune -> generate -> score']],
  ])('the steps of a generation are those that its runs do: %s', async (_, sets, tokenizer, [first, later]) => {
    const file = await write(SMALL.replace('conditions:', `${READER}${tokenizer}conditions:`));
    const { code, out } = await habsburg('plan', file, ...sets);
    expect(code).toBe(0);
    expect(out).toContain(`\n  generation 0: ${first}\n  generation t: ${later}\n`);
    // in generation 0 alone nothing else is done
    expect((await habsburg('plan', file, ...sets, '--set', 'generations=0')).out).not.toContain('generation t: ');
  }); // prettier-ignore

  test('JSON holds the plan, its digest and every step', async () => {
    const { out } = await habsburg('plan', 'quickstart', '--json');
    const json = JSON.parse(out) as { digest: string; plan: { name: string }; outline: { runs: { steps: unknown[] }[] } };
    expect(json.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(json.plan.name).toBe('quickstart');
    // 3 steps of generation 0, 4 of each of five more
    expect(json.outline.runs.map((r) => r.steps.length)).toEqual(Array(6).fill(23));
  });

  test('an invalid file is one error with its problems', async () => {
    const file = await write('a: 1\na: 2\n');
    const { code, out, err } = await habsburg('plan', file, '--json');
    expect(code).toBe(2);
    expect(err).toBe(`habsburg: ${file}:2:1: this key is there twice in its mapping; remove one of the two\n`);
    expect(JSON.parse(out).error).toMatchObject({ kind: 'invalid', problems: [{ line: 2, column: 1 }] });
  });
});

describe('presets', () => {
  test('list', async () => {
    const { out } = await habsburg('presets');
    expect(out).toMatch(/^preset +conditions +seeds +generations +title\n/);
    expect(JSON.parse((await habsburg('presets', '--json')).out).presets.map((p: { name: string }) => p.name)).toEqual(
      expect.arrayContaining(['nature-opt125m', 'nature-small', 'quickstart']),
    );
  });

  test('one of them, as its file is', async () => {
    const { out } = await habsburg('presets', 'quickstart');
    expect(out).toBe(readFileSync(new URL('../../experiments/quickstart/experiment.yaml', import.meta.url), 'utf8'));
    expect(await habsburg('presets', 'quikstart')).toEqual({
      code: 4,
      out: '',
      err: 'habsburg: there is no preset "quikstart"; did you mean "quickstart"?\n',
    });
    expect((await habsburg('presets', '../spec')).code).toBe(4);
  });
});

test('metrics are listed with variant, version and settings', async () => {
  const { out } = await habsburg('metrics');
  expect(out).toMatch(/^about +metric +variant +version +settings +what it is\n/);
  expect(out).toMatch(/\nReal data +perplexity +real-test\/exp-mean-token +1 +Perplexity of model t on the real test blocks/);
  const { metrics } = JSON.parse((await habsburg('metrics', '--json')).out) as { metrics: { name: string; settings: unknown }[] };
  expect(metrics.find((m) => m.name === 'rep')!.settings).toEqual({ order: 4 });
});

test('--version is the package’s version and the commit', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  const { code, out } = await habsburg('--version');
  expect(code).toBe(0);
  expect(out).toMatch(new RegExp(`^${version.replaceAll('.', '\\.')}(\\+[0-9a-f]{12}(\\.dirty)?)?\n$`));
});
