/** Pictures in the page: PNG as another decoder reads it, in the page itself, nothing fetched. */
import { inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { renderPage } from '../../report/page.js';
import { greyPng } from '../../report/png.js';
import type { Results } from '../../report/rows.js';
import { launchBrowser } from '../support/browser.js';
import { scoresOf } from './scores-of.js';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 120_000);
afterAll(() => browser?.close());

/** What the page's author wrote about an image must not become markup. */
const HOSTILE = '"><script>window.pwned = 1</script>';
const HEIGHT = 3;
const WIDTH = 4;

function results(): Results {
  const plan = {
    schemaVersion: 1,
    name: 'pictures',
    seeds: [1],
    generations: 1,
    data: { images: { train: `file:/${HOSTILE}`, heldOut: { valid: 0.1, test: 0.1 }, limit: {} } },
    population: [
      {
        name: 'vae',
        family: 'vae',
        base: { kind: 'scratch', architecture: { kind: 'conv', latent: 2, channels: [4, 8] } },
        start: 'base',
        training: { epochs: 1, batch: 4, learningRate: 1e-3 },
        decoding: { pixels: 'mean', batch: 4 },
      },
    ],
    conditions: [{ name: HOSTILE, members: [{ name: 'vae', mixture: { kind: 'replace' } }] }],
    metrics: [],
    execution: {},
  } as unknown as Results['plan'];
  const place = { condition: HOSTILE, member: 'vae', seed: 1, run: 'r' };
  const count = 12;
  const pixels = (generation: number): string =>
    Buffer.from(Array.from({ length: count * HEIGHT * WIDTH }, (_, i) => (generation * 100 + i) % 256)).toString('base64');
  const row = (generation: number, value: number) => ({
    ...place,
    experiment: 'pictures',
    generation,
    metric: 'latent-std',
    variant: 'encoder-0/pooled',
    version: 1,
    value,
    n: 12,
    settings: { images: 0 },
    subject: 's',
  });
  const histogram = (generation: number, counts: number[]) => ({
    ...place, generation, name: 'latent-std', edges: [-2, -1, 0, 1, 2], counts, below: 0, above: 0, n: counts.reduce((a, b) => a + b, 0),
  }); // prettier-ignore
  return {
    store: 'file:///s',
    experiment: 'pictures',
    plan,
    planDigest: 'sha256:0',
    runs: [],
    scores: scoresOf([row(0, 1), row(1, 0.8)]),
    histograms: [histogram(0, [3, 5, 5, 3]), histogram(1, [1, 9, 9, 1])],
    samples: [],
    pictures: [0, 1].map((generation) => ({
      ...place,
      generation,
      count,
      height: HEIGHT,
      width: WIDTH,
      pixels: pixels(generation),
    })),
    claims: [],
  } as unknown as Results;
}

test('a PNG holds its pixels, as zlib and its own checksums say', () => {
  const png = greyPng(3, 2, Uint8Array.of(0, 128, 255, 7, 8, 9));
  expect(png.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
  expect([png.readUInt32BE(16), png.readUInt32BE(20), png[24], png[25]]).toEqual([3, 2, 8, 0]);
  const at = png.indexOf('IDAT');
  const data = png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4));
  expect([...inflateSync(data)]).toEqual([0, 0, 128, 255, 0, 7, 8, 9]);
});

describe('the page', () => {
  test('shows what each generation wrote, pixel by pixel, and fetches nothing', async () => {
    const page = await browser.newPage();
    const requests: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => requests.push(request.url().slice(0, 22)));
    page.on('console', (message) => complaints.push(message.text()));
    await page.setContent(renderPage(results()), { waitUntil: 'load' });
    const sizes = await page.locator('main img').evaluateAll((images) =>
      images.map((image) => {
        const { naturalWidth, naturalHeight } = image as unknown as { naturalWidth: number; naturalHeight: number };
        return [naturalWidth, naturalHeight];
      }),
    );
    // twelve images, ten in a row, two pixels apart
    expect(sizes).toEqual([0, 1].map(() => [10 * (WIDTH + 2) - 2, 2 * (HEIGHT + 2) - 2]));
    expect(requests.filter((url) => !url.startsWith('data:image/png;base64,') && url !== 'about:blank')).toEqual([]);
    expect(complaints).toEqual([]);
    expect(await page.evaluate(() => (globalThis as unknown as { pwned?: number }).pwned)).toBeUndefined();
    expect(await page.locator('h2').allTextContents()).toEqual(
      expect.arrayContaining(['What the models write, seen by the first encoder', 'The first images of every generation']),
    );
    await page.close();
  });

  test('without pictures admits none', () => {
    expect(renderPage(results())).toContain('img-src data:;');
    expect(renderPage({ ...results(), pictures: [] })).not.toContain('img-src');
  });
});
