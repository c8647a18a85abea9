/** Images through the same loop as texts: run, memo, shared prefixes, origins, and a kill that changes nothing. */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openArtifactStore } from '../../artifacts/open.js';
import { readImageRecords } from '../../pool/images.js';
import { readResults } from '../../report/rows.js';
import type { RunOutcome } from './support.js';
import { bars, habsburg, json, recordsIn, start, stepsOf, temporaryFolder } from './support.js';

let home: Awaited<ReturnType<typeof temporaryFolder>>;
let experiment: string;
const storeOf = (name: string): string => join(home.path, name);
const args = (store: string, ...more: string[]): string[] => [
  'run', experiment, '--home', join(home.path, 'home'), '--store', storeOf(store), ...more,
]; // prettier-ignore

beforeAll(async () => {
  home = await temporaryFolder('loop-vae');
  experiment = join(home.path, 'vae.yaml');
  await copyFile(fileURLToPath(new URL('./vae.yaml', import.meta.url)), experiment);
  await writeFile(join(home.path, 'images.gz'), gzipSync(bars(200)));
});
afterAll(() => home.remove());

describe('a small experiment with images', () => {
  let first: RunOutcome;

  test('runs to its end and scores every generation', async () => {
    first = await json<RunOutcome>(args('store'));
    expect(first.result).toMatchObject({ failed: 0, steps: { computed: 20, reused: 4 } }); // generation 0 is shared
    const bounds = first.rows.filter((row) => row.metric === 'elbo');
    expect(new Set(first.rows.map(({ metric }) => metric))).toEqual(
      new Set(['latent-std', 'latent-mean', 'latent-covariance', 'elbo']),
    );
    expect(new Set(bounds.map(({ condition, generation }) => `${condition}/${generation}`))).toEqual(
      new Set(['replace', 'keep-25'].flatMap((condition) => [0, 1, 2].map((t) => `${condition}/${t}`))),
    );
  }, 600_000);

  test('each image says who made it; a quarter of keep-25 is real', async () => {
    const store = openArtifactStore(storeOf('store'));
    const run = (await readResults(store, 'tiny-vae')).runs.find((one) => one.run === 'keep-25/seed-1')!;
    const folder = await recordsIn(store, run.generations[2].members.vae.dataset!, join(home.path, 'sets'));
    const records = await readImageRecords(folder);
    expect(records).toHaveLength(160);
    expect(records.filter(({ origin }) => origin.kind === 'real')).toHaveLength(40);
    for (const { id, origin } of records) {
      if (origin.kind === 'real') expect(origin.source).toMatch(/^idx:200x16x16:sha256:[0-9a-f]{64}$/);
      else expect([id.slice(0, 7), origin]).toMatchObject(['g1/vae/', { member: 'vae', generation: 1 }]);
    }
  });

  test('again computes no step', async () => {
    const again = await json<RunOutcome>(args('store'));
    // each step once, and without preparing
    expect(again.result.steps).toEqual({ computed: 0, reused: 2 * (3 + 2 * 4) - 3 });
    expect(again.rows).toEqual(first.rows);
  }, 600_000);

  test('killed while it trains and taken up again, leaves the same digests', async () => {
    const { pid, finished } = start(args('killed'));
    for (let i = 0; i < 600 && (await stepsOf(storeOf('killed')).catch(() => new Map())).size < 4; i++) await sleep(50);
    process.kill(pid, 'SIGKILL');
    await finished;
    await json<RunOutcome>(args('killed'));
    const [a, b] = [await stepsOf(storeOf('store')), await stepsOf(storeOf('killed'))];
    expect(b).toEqual(a);
  }, 600_000);

  test('a file that holds no images is refused by name', async () => {
    const labels = Buffer.from(bars(3));
    labels[3] = 1;
    await writeFile(join(home.path, 'labels'), labels);
    const { code, stderr } = await habsburg(
      args('refused', '--set', 'name=refused', '--set', `data.train=file:${join(home.path, 'labels')}`),
    );
    expect(code).not.toBe(0);
    expect(stderr).toContain('labels: holds labels, not images');
  }, 600_000);

  test('its page shows the images', async () => {
    const out = join(home.path, 'page.html');
    const { code, stderr } = await habsburg(['report', 'tiny-vae', '--store', storeOf('store'), '--out', out]);
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    const page = await readFile(out, 'utf8');
    expect(page.match(/<img src="data:image\/png;base64,/g)).toHaveLength(6);
    expect(page).toContain('a convolutional VAE (channels 4, 8; latent 3)');
  }, 60_000);
});
