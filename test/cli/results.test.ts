import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openArtifactStore } from '../../artifacts/open.js';
import { resolveStoreUrl } from '../../cli/store-option.js';
import { renderPage } from '../../report/page.js';
import { readResults } from '../../report/rows.js';
import type { Results } from '../../report/rows.js';
import { makeFixture, publishFixture } from '../report/fixture.js';
import { habsburg } from './support.js';

let folder: string;
let store: string;
let results: Results;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'habsburg-results-'));
  store = join(folder, 'store');
  const opened = openArtifactStore(store);
  await publishFixture(opened, makeFixture({ generations: 2 }));
  results = await readResults(opened, 'nature-small');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('results', () => {
  test('JSON lines are the score rows', async () => {
    const { code, out } = await habsburg('results', 'nature-small', '--store', store, '--format', 'jsonl');
    expect(code).toBe(0);
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([...results.rows]);
  });

  test('CSV has a line a row, with the values in full', async () => {
    const { out } = await habsburg('results', 'nature-small', '--store', store, '--format', 'csv', '--metric', 'perplexity');
    const lines = out
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','));
    const expected = [...results.rows].filter((row) => row.metric === 'perplexity');
    expect(lines.map((fields) => Number(fields[9]))).toEqual(expected.map((row) => row.value));
    expect(lines.map((fields) => fields[1])).toEqual(expected.map((row) => row.run));
  });

  test('the table names both conditions, the intervals and the finding', async () => {
    const { out } = await habsburg('results', 'nature-small', '--store', store, '--metric', 'perplexity');
    expect(out).toMatch(/^Perplexity rises [\d.]+-fold under replace/);
    expect(out).toMatch(
      /\nreplace \(mean of 3 seeds ± half-width of the 95 % t-interval\)\ngen +perplexity\n +0 +[\d.]+ ± [\d.]+\n/,
    );
    expect(out).toContain('\nkeep-10 (mean of 3 seeds');
  });

  test('--cost goes with the table or --json', async () => {
    const cost = (...more: string[]) => habsburg('results', 'nature-small', '--store', store, '--cost', ...more);
    expect((await cost()).out).toMatch(/\nWhat a condition costs alone .*\ncondition +seeds .*\nreplace +3 +0 to 2 /);
    expect(JSON.parse((await cost('--json')).out)).toMatchObject({ cost: [{ condition: 'replace', seeds: 3 }, { condition: 'keep-10' }] }); // prettier-ignore
    const csv = await cost('--format', 'csv');
    expect(csv.code).toBe(2);
    expect(csv.err).toContain('--cost goes with the table');
  });

  test('--by prints tables of conditions by a number of theirs, in any form, and nothing else', async () => {
    const swept = makeFixture({ name: 'swept', seeds: [1], generations: 1, conditions: ['replace', 'keep-10', 'keep-20'] });
    const own = join(folder, 'swept');
    await publishFixture(openArtifactStore(own), swept);
    const alone = (...more: string[]) => habsburg('results', 'swept', '--store', own, ...more);
    const by = (...more: string[]) => alone('--by', ...more);
    const over = 'replace=0,keep-10=10,keep-20=20';
    expect((await by(over, '--metric', 'perplexity')).out).toMatch(
      /^By the conditions, generation 1\n.*\n\ncondition +the conditions +perplexity\nreplace +0 +[\d.]+\nkeep-10 +10 +[\d.]+ \(−[\d.]+ %\)\nkeep-20 +20 .*\n$/,
    );
    expect((await by(over, '--metric', 'perplexity', '--generation', '0', '--format', 'md')).out).toContain('generation 0. ');
    const { tables } = JSON.parse((await by(over, '--json')).out) as { tables: { rows: { condition: string }[] }[] };
    expect(tables[0].rows.map(({ condition }) => condition)).toEqual(['replace', 'keep-10', 'keep-20']);
    const refused = async (sentence: string, ...more: string[]) => expect((await by(...more)).err).toContain(sentence);
    await refused('it takes three conditions with a number', 'mixture.share');
    await refused('no generation 7 has values of these conditions', over, '--generation', '7');
    await refused('--cost does not go with --by', over, '--cost');
    await refused('--by has no --format jsonl', over, '--format', 'jsonl');
    expect((await alone('--format', 'latex')).err).toContain('--format latex goes with --by');
    expect((await alone('--generation', '1')).err).toContain('--generation goes with --by');
  });

  test('--json is one document', async () => {
    const { out } = await habsburg('results', 'nature-small', '--store', store, '--json');
    expect(JSON.parse(out)).toMatchObject({
      schema: 'habsburg.results/v1',
      experiment: 'nature-small',
      plan: results.planDigest,
      rows: [...results.rows],
    });
    expect(JSON.parse(out).runs).toHaveLength(6);
  });

  test('what does not exist is exit code 4, and says what does', async () => {
    const unknown = await habsburg('results', 'nature-smal', '--store', store);
    expect(unknown).toMatchObject({ code: 4, out: '' });
    expect(unknown.err).toBe(
      `habsburg: no experiment "nature-smal" in the store ${pathToFileURL(store).href}: it holds "nature-small"\n`,
    );
    const metric = await habsburg('results', 'nature-small', '--store', store, '--metric', 'bleu');
    expect(metric.code).toBe(4);
    expect(metric.err).toContain('it has "perplexity", "sequence-perplexity q50"');
  });
});

describe('report', () => {
  test('writes the page, says where, and leaves nothing else', async () => {
    const out = join(folder, 'deep', 'page.html');
    const done = await habsburg('report', 'nature-small', '--store', store, '--out', out);
    expect(done).toMatchObject({ code: 0, out: `${pathToFileURL(out).href}\n` });
    expect(await readFile(out, 'utf8')).toBe(renderPage(results));
    expect(await readdir(join(folder, 'deep'))).toEqual(['page.html']);
  });

  test('a place that cannot be written is one sentence, with nothing half-written', async () => {
    const inFile = join(folder, 'deep', 'page.html', 'x.html');
    const failed = await habsburg('report', 'nature-small', '--store', store, '--out', inFile);
    expect(failed.code).not.toBe(0);
    expect(failed.err.trimEnd().split('\n')).toHaveLength(1);
    expect(failed.err).toContain('writing the report to');
    const toFolder = await habsburg('report', 'nature-small', '--store', store, '--out', join(folder, 'deep'));
    expect(toFolder.code).not.toBe(0);
    expect(await readdir(folder)).toEqual(expect.not.arrayContaining([expect.stringContaining('.tmp')]));
  });
});

test('the store is --store, else HABSBURG_STORE, else .habsburg/store here', () => {
  expect(resolveStoreUrl('s3://bucket/p', { HABSBURG_STORE: '/x' }, '/w')).toBe('s3://bucket/p');
  expect(resolveStoreUrl(undefined, { HABSBURG_STORE: '/x' }, '/w')).toBe('file:///x');
  expect(resolveStoreUrl(undefined, { HABSBURG_STORE: '' }, '/w')).toBe('file:///w/.habsburg/store');
});
