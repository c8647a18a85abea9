import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openArtifactStore } from '../../artifacts/open.js';
import { makeFixture, publishFixture } from '../report/fixture.js';
import { habsburg } from './support.js';

let folder: string;
let store: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'habsburg-collapse-'));
  store = join(folder, 'store');
  const fixture = makeFixture({ generations: 8, seeds: [1, 2, 3, 4], conditions: ['replace', 'keep-10', 'keep-20'] });
  await publishFixture(openArtifactStore(store), fixture);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const collapse = (...args: string[]) => habsburg('collapse', 'nature-small', '--store', store, ...args);

test('a table for each condition, and JSON with the same answers', async () => {
  const { code, out } = await collapse();
  expect(code).toBe(0);
  expect(out).toMatch(/^replace +value/);
  expect(out).toMatch(/\npopulation risk rises .* yes\n/);
  expect(out).toMatch(/\nBy perplexity \(real-test\/exp-mean-token\), \d seeds: population risk rises,/);
  expect(out).toContain('no answer is corrected for the others');
  const { schema, profiles, definitions } = JSON.parse((await collapse('--json', '--over', 'replace=1,keep-10=2,keep-20=3')).out);
  expect(schema).toBe('habsburg.collapse/v1');
  expect(profiles.map(({ label }: any) => label)).toEqual(['replace', 'keep-10', 'keep-20', 'all conditions of opt']);
  expect(profiles[0].answers[0]).toMatchObject({ definition: 'rising-risk', verdict: 'yes', n: 4, line: 1 });
  expect(profiles[3].answers[0]).toMatchObject({ definition: 'lost-scaling', n: 4 });
  expect(Object.keys(definitions)).toHaveLength(8);
});

test.each([
  [['--use', 'tail'], 2, '--use tail: write ROLE=METRIC, ROLE one of risk, variance, tail, distance'],
  [['--use', 'tail=nonsense'], 4, 'no metric "nonsense"'],
  [['--margin', '2'], 2, '--margin 2: give a share between 0 and 1'],
  [['--threshold', 'x'], 2, '--threshold x is no number'],
  [['--over', 'replace=1'], 2, 'takes three conditions'],
])('refused: %j', async (args, code, message) => {
  const found = await collapse(...args);
  expect(found.code).toBe(code);
  expect(found.err + found.out).toContain(message);
});
