/** A plan's one digest: what determines numbers is in it, and nothing else; files by what they hold, not by where they lie. */
import { copyFile, mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { identified } from '../../data/identify.js';
import { planDigest, portablePlan, sourceName } from '../../spec/digest.js';
import { loadExperiment } from '../../spec/load.js';
import type { ExperimentPlan } from '../../spec/plan.js';
import { SMALL, folder, load } from './support.js';

const digest = async (yaml: string): Promise<string> => planDigest((await load(yaml)).plan);

describe('the digest of a plan', () => {
  test('is the same whatever the experiment is called, how many chains it has, how long, what is measured, how fast, in whatever order', async () => {
    const plain = await digest(SMALL);
    const same = [
      SMALL.replace('name: small', 'name: other\ntitle: x\nexecution: { concurrency: 5, checkpointSeconds: 1 }'),
      SMALL.replace('seeds: [1]', 'seeds: [2, 3]'),
      SMALL.replace('generations: 2', 'generations: 20'),
      SMALL.replace('{ kind: replace }', '{ kind: replace }\n    generations: 1'),
      SMALL + 'metrics: [perplexity]\n',
      SMALL.replace('seeds: [1]\n', '') + 'seeds: [1]\n',
      SMALL.replace('block: 16', 'block: 16, subset: { train: 1, seed: 42 }'), // all of it
      SMALL + 'sources: [{ source: grammar:zipf, licence: CC0-1.0, keep: false }]\n',
    ];
    for (const yaml of same) expect(await digest(yaml)).toBe(plain);
  });

  test('is another for any other setting that changes a number, and for another name of a condition', async () => {
    const other = [
      SMALL.replace('epochs: 2', 'epochs: 3'),
      SMALL.replace('strategy: greedy', 'strategy: sample'),
      SMALL.replace('block: 16', 'block: 17'),
      SMALL.replace('block: 16', 'block: 16, subset: { train: 0.05 }'),
      SMALL.replace('block: 16', 'block: 16, subset: { train: 0.05, seed: 42 }'),
      SMALL.replace('vocabulary: 300', 'vocabulary: 301'),
      SMALL.replace('{ kind: replace }', '{ kind: accumulate }'),
      SMALL.replace('name: replace', 'name: renamed'),
      SMALL + '  - { name: more, mixture: { kind: replace } }\n',
      SMALL + 'execution: { device: webgpu }\n',
    ];
    const digests = await Promise.all([SMALL, ...other].map(digest));
    expect(new Set(digests).size).toBe(1 + other.length);
  });
});

describe('files and folders of this machine', () => {
  const sources = `data: { train: file:train.txt, valid: file:valid.txt, test: file:test.txt, block: 16 }`;
  const yaml = SMALL.replace(/data: .*/, sources)
    .replace(/base: .*/, 'base: file:model')
    .replace(/tokenizer: .*\n/, '');

  async function project(texts = { train: 'one\n', valid: 'two\n', test: 'three\n' }, weights = 'weights') {
    const at = await folder();
    await writeFile(path.join(at, 'e.yaml'), yaml);
    for (const [split, text] of Object.entries(texts)) await writeFile(path.join(at, `${split}.txt`), text);
    await mkdir(path.join(at, 'model'));
    for (const [name, text] of Object.entries({ 'config.json': '{}', 'model.safetensors': weights, 'notes.md': at }))
      await writeFile(path.join(at, 'model', name), text);
    const plan = async (...sets: string[]): Promise<ExperimentPlan> =>
      identified((await loadExperiment(path.join(at, 'e.yaml'), { sets, cwd: at })).plan);
    return { at, plan };
  }

  test('are known by what they hold: the same elsewhere and under other names, another where a byte differs', async () => {
    const one = await project();
    const plan = await one.plan();
    const elsewhere = await project();
    expect(planDigest(await elsewhere.plan())).toBe(planDigest(plan));
    await rename(path.join(elsewhere.at, 'train.txt'), path.join(elsewhere.at, 'renamed.txt'));
    expect(planDigest(await elsewhere.plan('data.train=file:renamed.txt'))).toBe(planDigest(plan));
    const otherText = await project({ train: 'one \n', valid: 'two\n', test: 'three\n' });
    const otherModel = await project(undefined, 'Weights');
    const swapped = await project({ train: 'two\n', valid: 'one\n', test: 'three\n' });
    const digests = [plan, await otherText.plan(), await otherModel.plan(), await swapped.plan()].map(planDigest);
    expect(new Set(digests).size).toBe(4);
    // two files of one name
    await mkdir(path.join(one.at, 'v'));
    await copyFile(path.join(one.at, 'valid.txt'), path.join(one.at, 'v', 'train.txt'));
    expect(planDigest(await one.plan('data.valid=file:v/train.txt'))).toBe(planDigest(plan));
  });

  test('are shown by name and digest, and the plan without paths has the same digest', async () => {
    const { at, plan } = await project();
    const own = await plan();
    const portable = portablePlan(own);
    expect(JSON.stringify(own)).toContain(at);
    expect(JSON.stringify(portable)).not.toContain(path.dirname(at));
    // printf 'one\n' | sha256sum
    expect(portable.data.text!.train).toBe(
      'file:train.txt@sha256:2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806',
    );
    expect(planDigest(portable)).toBe(planDigest(own));
    expect([own, portable].map(({ data }) => sourceName(data.text!.train))).toEqual(['train.txt', 'train.txt']);
    // no part of a name is taken for a digest
    expect(sourceName('file:/texts/a@sha256:1.txt')).toBe('a@sha256:1.txt');
    expect(sourceName('file:///a/model/')).toBe('model');
    for (const elsewhere of ['grammar:zipf', 'hf://owner/name@main']) expect(sourceName(elsewhere)).toBe(elsewhere);
    expect(portablePlan(portable)).toEqual(portable);
  });

  test('that are not there are named', async () => {
    const { plan } = await project();
    await expect(plan('data.train=file:gone.txt')).rejects.toMatchObject({
      kind: 'notFound',
      message: expect.stringContaining('gone.txt'),
    });
  });
});
