/**
 * From a model file's hash alone, over nothing but the files of a store: to the experiment, run and generation that it is of, and to the
 * bytes of the texts that it was made of. Read here as anybody would who has the formats and none of our code.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunOutcome } from './support.js';
import { TINY, habsburg, json, temporaryFolder } from './support.js';
import { filesIn } from '../exports/support.js';
import { verdicts, withoutValidators } from '../exports/validators.js';
import { signedJson } from '../support/signer.js';

interface Descriptor {
  readonly name: string;
  readonly digest: { readonly sha256: string };
  readonly annotations: { readonly kind?: string };
}
interface Stated {
  readonly path: string;
  readonly subject: readonly Descriptor[];
  readonly predicateType: string;
  readonly predicate: any;
}

let home: Awaited<ReturnType<typeof temporaryFolder>>;
let texts: Record<string, string>;
const at = (...path: string[]) => join(home.path, ...path);
const hex = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex');
const blob = (digest: string) => readFile(at('store/blobs/sha256', digest.slice(0, 2), digest));
const words = (seed: number, lines: number) =>
  Array.from({ length: lines }, (_, i) => `the ${['cat', 'dog', 'hen'][(i * seed) % 3]} sees ${['a', 'the'][i % 2]} tree .\n`).join(''); // prettier-ignore

const run = (): Promise<RunOutcome> =>
  json<RunOutcome>(['run', at('e.yaml'), '--home', at('home'), '--store', at('store'), '--set', 'generations=1']);

async function statements(): Promise<Stated[]> {
  const all: Stated[] = [];
  for (const entry of await readdir(at('store/statements'), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    expect(`${hex(bytes)}.json`).toBe(entry.name);
    expect(JSON.stringify(signedJson(bytes))).not.toContain(home.path);
    all.push({ path, ...(signedJson(bytes) as Omit<Stated, 'path'>) });
  }
  return all;
}
const about = (all: readonly Stated[], type: RegExp, digest: string) =>
  all.filter(({ predicateType, subject }) => type.test(predicateType) && subject.some((one) => one.digest.sha256 === digest));

beforeAll(async () => {
  home = await temporaryFolder('lineage');
  texts = { train: words(1, 400), valid: words(2, 120), test: words(5, 120) };
  for (const [split, text] of Object.entries(texts)) await writeFile(at(`${split}.txt`), text);
  const tiny = await readFile(TINY, 'utf8');
  const data = `data:\n  train: file:train.txt\n  valid: file:valid.txt\n  test: file:test.txt\n  block: 16\n`;
  const yaml = tiny.replace(/^data:\n(?:[ #].*\n|\n)*/m, data).replace(/^name: .*$/m, 'name: lineage');
  const claims = 'sources:\n  - { source: file:train.txt, name: Trees, licence: CC0-1.0 }\n';
  await writeFile(at('e.yaml'), yaml + claims);
});
afterAll(() => home.remove());

test('from a model file to experiment, run, generation and plan, and down to the texts byte for byte', async () => {
  expect((await run()).status).toBe('done');
  const all = await statements();
  const ofType = (type: string) =>
    all.filter(({ predicate }) => predicate.buildDefinition?.buildType?.includes(`/steps/${type}/`));
  const fits = ofType('finetune');
  const last = fits.find(({ predicate }) => predicate.buildDefinition.externalParameters.generation === 1)!;
  const file = last.subject.find(({ name }) => name === 'model/model.safetensors')!.digest.sha256;
  expect(hex(await blob(file))).toBe(file);

  // the file's hash alone, from here on
  const [made] = about(all, /slsa/, file);
  expect(made.path).toBe(last.path);
  const model = made.subject.find(({ annotations }) => annotations.kind === 'model')!.digest.sha256;
  const results = about(all, /\/result$/, model);
  expect(results.map(({ predicate: { experiment, seeds, generations } }) => ({ experiment, seeds, generations }))).toEqual([
    { experiment: 'lineage', seeds: '1', generations: { from: 1, to: 1 } },
  ]);
  const [{ predicate: result }] = results;
  expect(result.steps[Object.keys(result.steps)[0]].finetune.sha256).toBe(
    made.predicate.buildDefinition.internalParameters.stepKey.slice(7),
  );
  const plan = await blob(result.plan.digest.sha256);
  expect(hex(plan)).toBe(result.plan.digest.sha256);
  expect(JSON.parse(plan.toString())).toMatchObject({ data: { text: { train: `file:@sha256:${hex(texts.train)}` } } });

  // every input is another step's output, or a source
  const sources = new Map<string, string>();
  const codes = new Set<string>();
  const seen = new Set<string>();
  const queue = [made];
  for (let next = queue.pop(); next; next = queue.pop()) {
    if (seen.has(next.path)) continue;
    seen.add(next.path);
    for (const { name, digest, annotations } of next.predicate.buildDefinition.resolvedDependencies as Descriptor[]) {
      if (annotations.kind === 'code') codes.add(digest.sha256);
      else if (annotations.kind === 'source') sources.set(name, digest.sha256);
      else {
        const makers = about(all, /slsa/, digest.sha256);
        expect(makers.length).toBeGreaterThan(0);
        queue.push(...makers);
      }
    }
  }
  expect(codes.size).toBe(1);
  expect([...sources.keys()].sort()).toEqual(['test', 'train', 'valid']);
  for (const [split, digest] of sources) {
    const manifest = await blob(digest);
    expect(hex(manifest)).toBe(digest);
    const { files } = JSON.parse(manifest.toString()) as { files: { path: string; digest: string }[] };
    expect(files).toEqual([{ path: 'text', digest: `sha256:${hex(texts[split])}`, size: texts[split].length }]);
    expect((await blob(hex(texts[split]))).toString()).toBe(texts[split]);
  }
  const [claim] = about(all, /\/source$/, hex(texts.train));
  expect(claim.predicate).toEqual({ name: 'Trees', licence: 'CC0-1.0', kept: true });
}, 600_000);

test('exported, it is read by others, holds without the store, and names nothing of this machine', async () => {
  const what = 'lineage/keep-25/seed-1/1';
  const formats = ['in-toto', 'ro-crate', 'hugging-face'];
  for (const as of formats) {
    const to = at('exported', as);
    const { files, steps } = await json<{ files: string[]; steps: number }>(['lineage', 'export', what, '--as', as, '--to', to, '--store', at('store')]); // prettier-ignore
    const found = filesIn(to);
    expect(files).toEqual(Object.keys(found).sort());
    expect(steps).toBeGreaterThan(3);
    for (const [path, bytes] of Object.entries(found)) expect([path, bytes.includes(home.path)]).toEqual([path, false]);
    if (!withoutValidators) expect([as, verdicts(as, [to])]).toEqual([as, [null]]);
  }
  const there = await json<{ verdicts: unknown[]; steps: number }>([
    'lineage',
    'verify',
    what,
    '--store',
    at('exported/in-toto'),
    '--keys',
    at('home/keys'),
  ]);
  expect(there.verdicts).toEqual([]);
  const refused = async (...args: string[]) => {
    const { code, stderr } = await habsburg(['lineage', 'export', what, '--store', at('store'), ...args]);
    return [code, stderr];
  };
  expect(await refused('--as', 'croissant', '--to', at('other'))).toEqual([
    2,
    expect.stringContaining('is no dataset or source'),
  ]);
  expect(await refused('--as', 'cyclonedx', '--to', at('exported'))).toEqual([2, expect.stringContaining('is not empty')]);
}, 600_000);

test('a rerun states nothing new; a statement that was tampered with is told, and its step done again', async () => {
  const before = await statements();
  expect((await run()).result.steps.computed).toBe(0);
  expect((await statements()).map(({ path }) => path)).toEqual(before.map(({ path }) => path));

  const fit = before.find(({ predicate }) => predicate.buildDefinition?.buildType?.includes('/steps/finetune/'))!;
  const bytes = await readFile(fit.path, 'utf8');
  await writeFile(fit.path, bytes.replace('"payload":"eyJ', '"payload":"eyK'));
  expect((await run()).result.steps.computed).toBe(1);
  const after = await statements();
  expect(after.map(({ path }) => path)).not.toContain(fit.path);
  const again = after.filter(({ path }) => path.startsWith(join(fit.path, '..')));
  expect(again.map(({ subject }) => subject)).toEqual([fit.subject]);
}, 600_000);
