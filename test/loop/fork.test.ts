/** `habsburg fork` on a real server: nothing before the generation that it begins at is computed, and what it refuses. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openArtifactStore } from '../../artifacts/open.js';
import { CounterRng } from '../../common/philox.js';
import { readResults } from '../../report/rows.js';
import { TINY, habsburg, json, stepsOf, temporaryFolder, type RunOutcome } from './support.js';

let home: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...parts: string[]): string => join(home.path, ...parts);
const places = (): string[] => ['--home', at('home'), '--store', at('store')];
const FORK = [
  'fork',
  'tiny/replace/seed-2',
  '--at-generation',
  '2',
  '--set',
  'mixture.kind=accumulate',
  '--set',
  'training.epochs=1',
];
const inFolder = (args: readonly string[], ...more: string[]) => habsburg([...args, ...places(), ...more], {}, at('here'));

/** Sentences of made-up words. */
function sentences(count: number, seed: number): string {
  const rng = new CounterRng({ seed, generation: 0, member: 'text', step: 'test' });
  const word = (i: number, j: number) => `w${Math.floor(80 * rng.uniform(i, j) ** 2)}`;
  return Array.from({ length: count }, (_, i) => `${Array.from({ length: 8 }, (_, j) => word(i, j)).join(' ')}.\n`).join('');
}

beforeAll(async () => {
  home = await temporaryFolder('loop-fork');
  await mkdir(at('there'));
  await mkdir(at('here'));
  const own = (await readFile(TINY, 'utf8'))
    .replace('seeds: [1]', 'seeds: [1, 2]')
    .replace('generations: 2', 'generations: 3')
    .replace(/ {2}train: grammar:zipf\n.*\n/, '  train: file:train.txt\n  valid: file:valid.txt\n  test: file:test.txt\n')
    .replace('training: { epochs: 2', 'training: { epochs: 3');
  await writeFile(at('there', 'e.yaml'), own);
  for (const [i, split] of ['train', 'valid', 'test'].entries())
    await writeFile(at('there', `${split}.txt`), sentences(i === 0 ? 400 : 120, i));
});
afterAll(() => home.remove());

describe('a fork of one run', () => {
  let before: Awaited<ReturnType<typeof stepsOf>>;
  let first: RunOutcome;

  test('computes from its generation on alone', async () => {
    // what the file says with what was set is forked
    const run = await json<RunOutcome>(['run', at('there', 'e.yaml'), '--set', 'population.opt.training.epochs=2', ...places()]);
    expect(run.result).toMatchObject({ failed: 0, runs: 4 });
    before = await stepsOf(at('store'));

    first = await json<RunOutcome>([...FORK, '--data', at('there'), ...places()], {}, at('here'));
    expect(first.result).toMatchObject({ failed: 0, runs: 2, generations: 3 });
    const after = await stepsOf(at('store'));
    for (const [key, step] of before) expect(after.get(key)).toEqual(step);
    const fresh = [...after].filter(([key]) => !before.has(key)).map(([, { step }]) => step);
    // generations 2 and 3 of one run; and once more a sample, of what was written before
    const chain = fresh.filter((step) => ['prepare', 'sample', 'finetune', 'generate', 'score'].includes(step)).sort();
    expect(chain).toEqual(['finetune', 'finetune', 'generate', 'generate', 'sample', 'sample', 'sample', 'score', 'score']);
  }, 900_000);

  test('has the digests of the run before, and other ones from then on', async () => {
    const store = openArtifactStore(at('store'));
    const run = (await readResults(store, 'tiny')).runs.find((one) => one.run === 'replace/seed-2')!;
    const [stem, future] = (await readResults(store, 'tiny-fork')).runs;
    expect([stem.run, future.run]).toEqual(['replace/seed-2', 'replace-from-2/seed-2']);
    const left = (of: typeof run, t: number) => {
      const { dataset, model, generated, scores } = of.generations[t].members.opt;
      return [dataset, model, generated, scores].map((ref) => ref!.digest);
    };
    for (const t of [0, 1, 2, 3]) expect(left(stem, t)).toEqual(left(run, t));
    for (const t of [0, 1]) expect(left(future, t)).toEqual(left(run, t));
    for (const t of [2, 3]) for (const [i, digest] of left(future, t).entries()) expect(digest).not.toBe(left(run, t)[i]);
  });

  test('wrote a file that a person can read and run', async () => {
    const text = await readFile(at('here', 'tiny-fork.yaml'), 'utf8');
    expect(text).toMatch(
      /^# yaml-language-server: \$schema=.*schemas\/experiment\.schema\.json\n# tiny\/replace\/seed-2, plan [0-9a-f]{12}, with other settings from generation 2 on\.\n/,
    );
    expect(text).toContain('train: file:../there/train.txt');
    expect(text).toContain('seeds: [ 2 ]');
    expect(text).toContain(
      'phases: [ { from: 2, mixture: { kind: accumulate }, override: { opt: { training: { epochs: 1 } } } } ]',
    );
    const { code, stdout } = await habsburg(['validate', 'tiny-fork.yaml'], {}, at('here'));
    expect([code, stdout]).toEqual([0, 'tiny-fork.yaml: valid\n']);
  });

  test('again computes nothing; with something else set it needs a name', async () => {
    const again = await json<RunOutcome>([...FORK, '--data', at('there'), ...places()], {}, at('here'));
    expect(again.result.steps.computed).toBe(0);
    expect(again.rows).toEqual(first.rows);
    const other = await inFolder([...FORK.slice(0, -1), 'training.epochs=2', '--data', at('there')]);
    expect([other.code, other.stderr]).toEqual([2, 'habsburg: tiny-fork.yaml is there already and is another experiment; name this one otherwise: --name tiny-fork-2\n']); // prettier-ignore
  }, 600_000);

  test('dry: prints the file, all seeds where no run is named, and leaves nothing', async () => {
    const { code, stdout } = await inFolder(['fork', 'tiny/keep-25', '--at-generation', '1', '--set', 'mixture.share=0.5', '--data', at('there'), '--name', 'dry', '--dry-run']); // prettier-ignore
    expect(code).toBe(0);
    expect(stdout).toContain('seeds: [ 1, 2 ]');
    expect(stdout).toContain('phases: [ { from: 1, mixture: { kind: keep-share, share: 0.5 } } ]');
    await expect(readFile(at('here', 'dry.yaml'))).rejects.toThrow('ENOENT');
  });
});

describe('refused with a sentence', () => {
  const fork = (target: string, generation: string, set: string, ...more: string[]) =>
    inFolder(['fork', target, '--at-generation', generation, '--set', set, '--name', 'refused', ...more]);

  test.each<[string, [string, string, string, ...string[]], number, string | RegExp]>([
    ['a generation beyond the run', ['tiny/replace', '4', 'training.epochs=1'], 2, '--at-generation 4: tiny/replace goes to generation 3; give a number from 1 to that, or run it further first'],
    ['generation 0', ['tiny/replace', '0', 'training.epochs=1'], 2, '--at-generation 0: give a whole number of at least 1'],
    ['a condition that is not there', ['tiny/replce', '1', 'training.epochs=1'], 4, 'tiny has no condition replce; name one: tiny/replace and tiny/keep-25'],
    ['an experiment alone', ['tiny', '1', 'training.epochs=1'], 2, 'tiny alone names no run; name one: tiny/replace and tiny/keep-25'],
    ['a run that is not there', ['tiny/replace/seed-3', '1', 'training.epochs=1'], 4, 'tiny/replace has no run seed-3; it has seed-1 and seed-2'],
    ['an experiment that is not there', ['tony/replace', '1', 'training.epochs=1'], 4, /^habsburg: no experiment "tony" in the store /],
    ['a setting that is not there', ['tiny/replace', '1', 'training.epohcs=1', '--data', 'THERE'], 2, '--set training.epohcs=1: unknown key "epohcs"; did you mean "epochs"?'],
    ['what a member is', ['tiny/replace', '1', 'base=hf://a/b@main', '--data', 'THERE'], 2, "--set base=hf://a/b@main: a phase cannot change a member's base; remove it, or make it a condition of its own"],
    ['files that are not there', ['tiny/replace', '1', 'training.epochs=1'], 4, /^habsburg: tiny read train\.txt, which is not in .*here; --data FOLDER names the folder that it is in\n$/],
    ['a file that is another plan', ['tiny/replace', '1', 'training.epochs=1', '--file', 'E'], 2, /e\.yaml is another plan \([0-9a-f]{12}\) than tiny \([0-9a-f]{12}\): its generations would be computed anew; give the file as it was run, with what was set written into it\n$/],
  ])('%s', async (_what, [target, generation, set, ...more], exit, sentence) => {
    const { code, stderr } = await fork(target, generation, set, ...more.map((word) => (word === 'THERE' ? at('there') : word === 'E' ? at('there', 'e.yaml') : word))); // prettier-ignore
    expect([code, stderr]).toEqual([exit, typeof sentence === 'string' ? `habsburg: ${sentence}\n` : expect.stringMatching(sentence)]); // prettier-ignore
    await expect(readFile(at('here', 'refused.yaml'))).rejects.toThrow('ENOENT');
  }); // prettier-ignore

  test('a text that holds something else', async () => {
    await mkdir(at('changed'));
    for (const split of ['train', 'valid', 'test']) await writeFile(at('changed', `${split}.txt`), sentences(300, 9));
    const { code, stderr } = await fork('tiny/replace', '1', 'training.epochs=1', '--data', at('changed'));
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /changed\/train\.txt is not the train\.txt that tiny read \(sha256:[0-9a-f]{12}, not sha256:[0-9a-f]{12}\); --data FOLDER names the folder that has it\n$/,
    );
  });
});
