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
  folder = await mkdtemp(join(tmpdir(), 'habsburg-forecast-'));
  store = join(folder, 'store');
  await publishFixture(
    openArtifactStore(store),
    makeFixture({ generations: 5, seeds: [1, 2, 3], conditions: ['replace', 'keep-10'] }),
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const forecast = (...args: string[]) => habsburg('forecast', 'nature-small', '--store', store, ...args);

test('a sentence for each condition of the leading metric, and JSON with bands', async () => {
  const { code, out } = await forecast('--line', '1e6', '--until', '60');
  expect(code).toBe(0);
  expect(out).toMatch(/^perplexity\S*( real-test\S*)? under replace: /);
  expect(out).toContain('random walk with drift');
  const { schema, forecasts, until } = JSON.parse((await forecast('--line', '1e6', '--json')).out);
  expect({ schema, until }).toEqual({ schema: 'habsburg.forecast/v1', until: 20 });
  expect(forecasts.map(({ condition, scale, seeds, band }: any) => [condition, scale, seeds, band.length])).toEqual([
    ['replace', 'log', 3, 10],
    ['keep-10', 'log', 3, 10],
  ]);
});

test.each([
  [['--line', 'x'], 2, '--line x is no number'],
  [['--line', '5', '--until', '1.5'], 2, '--until 1.5 is no generation'],
  [['--line', '5', '--metric', 'nonsense'], 4, 'no metric "nonsense"'],
])('refused: %j', async (args, code, message) => {
  const found = await forecast(...args);
  expect(found.code).toBe(code);
  expect(found.err + found.out).toContain(message);
});
