import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openArtifactStore } from '../../artifacts/open.js';
import { welchT } from '../../statistics/t-tests.js';
import { makeFixture, publishFixture } from '../report/fixture.js';
import { SMALL } from '../spec/support.js';
import { habsburg } from './support.js';

let folder: string;
let store: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'habsburg-compare-'));
  store = join(folder, 'store');
  const fixture = makeFixture({ generations: 5, seeds: [1, 2, 3, 4], conditions: ['replace', 'keep-10', 'keep-20'] });
  await publishFixture(openArtifactStore(store), fixture);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const compare = (...args: string[]) => habsburg('compare', 'nature-small', '--store', store, ...args);

test('of the leading metric every pair of conditions, and each change', async () => {
  const { code, out } = await compare();
  expect(code).toBe(0);
  const lines = out.split('\n');
  expect(lines[0]).toBe('perplexity (real-test/exp-mean-token), generation 5');
  expect(lines.slice(2, 8).map((line) => line.split(/ {2,}/)[0])).toEqual([
    'replace / keep-10',
    'replace / keep-20',
    'keep-10 / keep-20',
    'replace, generation 5 / 0',
    'keep-10, generation 5 / 0',
    'keep-20, generation 5 / 0',
  ]);
  expect(lines[2]).toMatch(/higher$/);
});

test('--json: each test with what was corrected, Benjamini-Hochberg on request', async () => {
  const { out } = await compare('--json', '--correct', 'bh', '--conditions', 'replace,keep-20', '--generation', '2');
  const { schema, correction, tests } = JSON.parse(out);
  expect({ schema, correction, count: tests.length }).toEqual({ schema: 'habsburg.compare/v1', correction: 'bh', count: 3 });
  expect(tests[0]).toMatchObject({ metric: 'perplexity', conditions: ['replace', 'keep-20'], generations: [2], member: 'opt' });
  const largest = tests.reduce((a: any, b: any) => (b.p > a.p ? b : a));
  expect(largest.corrected).toBe(largest.p);
});

test('trends, over generations and over a number of the conditions', async () => {
  const trend = await compare('--trend', '--inflection', '--json');
  expect(JSON.parse(trend.out).tests.map(({ turn }: any) => turn !== undefined)).toEqual([false, true, false, true, false, true]);
  const over = await compare('--over', 'replace=0,keep-10=0.1,keep-20=0.2');
  expect(over.out).toMatch(/\nover the conditions from 0 to 0\.2 .* lower\n/);
});

test.each([
  [['--inflection'], 2, 'add --trend or --over'],
  [['--trend', '--over', 'x'], 2, 'take one of them'],
  [['--trend', '--generation', '2'], 2, 'leave --generation out'],
  [['--generation', 'x'], 2, '--generation x is no generation'],
  [['--generation', '9'], 4, 'there is nothing to compare at generation 9'],
  [['--conditions', 'replac'], 4, 'did you mean replace?'],
  [['--metric', 'bleu'], 4, 'no metric "bleu"'],
  [['--over', 'mixture.share'], 2, 'no condition has mixture.share'],
  [['--over', 'replace=0,keep-10=0.1,keep-20=0.2', '--inflection'], 2, '--inflection takes two seeds and five conditions'],
])('%j is exit code %i', async (args, code, sentence) => {
  const found = await compare(...args);
  expect(found.code).toBe(code);
  expect(found.err).toContain(sentence);
  expect(found.out).toBe('');
});

test('results answers the claims of a file', async () => {
  const file = join(folder, 'claimed.yaml');
  const claims = (condition: string) =>
    `claims: [{ id: c, says: It rises., metric: perplexity, statistic: { kind: growth }, conditions: [${condition}], direction: above, threshold: 2 }]\n`;
  await writeFile(file, `${SMALL}${claims('replace')}`);
  const found = await habsburg('results', 'nature-small', '--store', store, '--claims', file);
  expect(found.out).toContain(
    '1 of 1 claim holds.\n  holds: It rises.\n      perplexity: growth from generation 0 to 5 under replace is',
  );
  const json = await habsburg('results', 'nature-small', '--store', store, '--claims', file, '--json');
  expect(JSON.parse(json.out).claims[0]).toMatchObject({ verdict: 'holds', claim: { id: 'c' }, parts: [{ n: 4 }] });
  const rows = await habsburg('results', 'nature-small', '--store', store, '--claims', file, '--format', 'csv');
  expect(rows.err).toContain('--claims goes with the table or --json');
  const one = await habsburg('results', 'nature-small', '--store', store, '--claims', file, '--metric', 'perplexity');
  expect(one.out).toContain('1 of 1 claim holds.');
  await writeFile(file, SMALL);
  expect((await habsburg('results', 'nature-small', '--store', store, '--claims', file)).err).toContain('has no claims');
  await writeFile(file, `${SMALL.replaceAll('replace', 'other')}${claims('other')}`.replace('kind: other', 'kind: replace'));
  expect((await habsburg('results', 'nature-small', '--store', store, '--claims', file)).err).toContain(
    'claims something of other',
  );
});

test('plan --detect: seeds for an effect from a pilot’s spread; without one, how to get it', async () => {
  const file = join(folder, 'planned.yaml');
  await writeFile(file, SMALL);
  const plan = (...args: string[]) => habsburg('plan', file, '--store', store, ...args);
  const found = await plan('--detect', '5%', '--pilot', 'nature-small');
  expect(found.out).toMatch(/\nreplace \/ keep-10 +[\d.]+ % +4 seeds +\d+ +\d+ and \d+ +\d+\n/);
  expect(found.out).toContain('of nature-small in');
  const { detect } = JSON.parse((await plan('--detect', '5%', '--pilot', 'nature-small', '--json')).out);
  expect(detect).toMatchObject({ size: 0.05, relative: true, power: 0.8, source: { experiment: 'nature-small' } });
  expect(detect.tests).toHaveLength(6);
  expect((await plan('--detect', '5%')).out.replaceAll(/\s+/g, ' ')).toContain(
    `Run a pilot: habsburg run ${file} --set seeds=1..5`,
  );
  for (const [args, sentence] of [
    [['--metric', 'rep'], '--metric goes with --detect'],
    [['--detect', '5%', '--power', '1'], '--power 1 is no chance'],
    [['--detect', 'much'], 'is no size'],
    [['--detect', '5%', '--pilot', 'nobody'], 'no experiment "nobody"'],
    [['--detect', '5%', '--pilot', 'nature-small', '--metric', 'bleu'], 'no metric "bleu"'],
  ] as const)
    expect((await plan(...args)).err).toContain(sentence);
});

test('against another experiment seeds are no pairs: Welch and Mann-Whitney', async () => {
  await publishFixture(openArtifactStore(store), makeFixture({ name: 'again', generations: 3, seeds: [11, 12, 13, 14, 15], conditions: ['replace'] })); // prettier-ignore
  const found = await compare('--against', 'again');
  expect(found.out).toMatch(
    /^perplexity .*, generation 3\n +effect +95 % interval +p +Holm +Mann-Whitney +seen at 80 % +seeds\n/m,
  );
  expect(found.out).toMatch(/\nreplace \/ replace of again .* 4 \+ 5 {2}not told apart\n/);
  const { tests } = JSON.parse((await compare('--against', 'again', '--generation', '2', '--json')).out);
  expect(tests).toHaveLength(1);
  const rows = async (name: string) =>
    (await habsburg('results', name, '--store', store, '--format', 'jsonl', '--metric', 'perplexity')).out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter((row) => row.condition === 'replace' && row.generation === 2)
      .map((row) => Math.log(row.value));
  const welch = welchT(await rows('nature-small'), await rows('again'));
  expect(tests[0].p).toBeCloseTo(welch.p, 12);
  expect(Math.log(tests[0].effect.value)).toBeCloseTo(welch.estimate, 12);
  expect((await compare('--against', 'again', '--trend')).err).toContain('take one of them');
  expect((await compare('--against', 'nobody')).code).toBe(4);
});
