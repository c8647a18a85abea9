import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { openArtifactStore } from '../../artifacts/open.js';
import { renderPage } from '../../report/page.js';
import { readResults } from '../../report/rows.js';
import { scoresOf } from './scores-of.js';
import type { Results } from '../../report/rows.js';
import { inGroups } from '../../report/groups.js';
import { measureKey, summarise } from '../../report/summary.js';
import { clip, visible } from '../../report/text.js';
import type { RunIndex } from '../../spec/documents.js';
import { launchBrowser } from '../support/browser.js';
import { makeFixture, publishFixture } from './fixture.js';
import type { FixtureOptions } from './fixture.js';
import { HOSTILE } from './hostile.js';

let folder: string;
let browser: Browser | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'habsburg-page-'));
  browser = await launchBrowser();
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

async function resultsOf(options: FixtureOptions, change?: (run: RunIndex) => RunIndex): Promise<Results> {
  const store = openArtifactStore(await mkdtemp(join(folder, 'store-')));
  const fixture = makeFixture(options);
  await publishFixture(store, fixture, change);
  return readResults(store, fixture.plan.name);
}

/** Opens a page from disk and collects whatever it should not do: complain, ask the network, show dialogs. */
async function opened(
  html: string,
  use: (page: Page) => Promise<void>,
  viewport = { width: 1200, height: 900 },
): Promise<string[]> {
  const file = join(folder, 'page.html');
  await writeFile(file, html);
  const page = await browser!.newPage({ viewport });
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (request.url() !== pathToFileURL(file).href) complaints.push(`request: ${request.url()}`);
  });
  try {
    await page.goto(pathToFileURL(file).href);
    await use(page);
  } finally {
    await page.close();
  }
  return complaints;
}

test('claims with their verdicts, and every two conditions tested', async () => {
  const results = await resultsOf({ seeds: [1, 2, 3, 4], generations: 3, conditions: ['replace', 'keep-10', 'keep-20'] });
  const claims = [
    { id: 'rises', says: 'It <b>rises</b>.', metric: 'perplexity', statistic: { kind: 'growth' }, conditions: ['replace'], direction: 'above', threshold: 1.5 }, // prettier-ignore
  ] as const;
  const page = renderPage({ ...results, claims: claims as any });
  expect(page).toContain('<h2>Claims</h2>');
  expect(page).toContain('It &lt;b&gt;rises&lt;/b&gt;.</th><td class="verdict pass">holds</td>');
  expect(page).toContain('<summary>6 tests of perplexity</summary>');
  const row = /<th scope="row">replace \/ keep-10<\/th>(.*?)<\/tr>/.exec(page)![1];
  expect(row.replaceAll(/<[^>]*>/g, '|')).toMatch(/^\|[\d.]+ ×\|\|[\d.]+ to [\d.]+ ×\|\|(?:< )?\.\d+\|.*\|\|higher\|$/);
  expect(renderPage(results)).not.toContain('<h2>Claims</h2>');
  // one seed makes no claim
  expect(renderPage(await resultsOf({ seeds: [1], generations: 2 }))).not.toContain('<h2>Tests</h2>');
});

describe('report page', () => {
  test('opens from disk in silence, styled, and shows the numbers of the rows', async () => {
    const results = await resultsOf({ seeds: [1, 2], generations: 3 });
    const complaints = await opened(renderPage(results), async (page) => {
      expect(await page.title()).toBe('A small language model trained on its own text – Habsburg report');
      expect(await page.locator('main').evaluate((main) => main.ownerDocument.defaultView!.getComputedStyle(main).maxWidth)).toBe(
        '1120px',
      );
      const read = (label: string) =>
        page
          .locator(`[aria-label="${label}"] td data`)
          .evaluateAll((cells) => cells.map((cell) => ({ exact: Number(cell.getAttribute('value')), shown: cell.textContent })));
      const measures = inGroups(summarise(results).measures).flatMap(({ own }) => own.map(({ key }) => key));
      const seeds = measures.flatMap((measure) =>
        ['replace', 'keep-10'].flatMap((condition) =>
          [1, 2].flatMap((seed) =>
            [...results.rows]
              .filter((row) => measureKey(row) === measure && row.condition === condition && row.seed === seed)
              .map((row) => row.value),
          ),
        ),
      );
      const cells = await read('Results of every seed');
      expect(cells.map(({ exact }) => exact)).toEqual(seeds);
      for (const { exact, shown } of cells) expect(Math.abs(Number(shown!.replace('−', '-')) / exact - 1)).toBeLessThan(1e-3);
      const means = await read('Results by generation');
      means.forEach(({ exact }, i) => {
        const [row, generation] = [Math.floor(i / 4), i % 4];
        expect(exact).toBeCloseTo((seeds[row * 8 + generation] + seeds[row * 8 + 4 + generation]) / 2, 10);
      });
      expect(means).toHaveLength(seeds.length / 2);
    });
    expect(complaints).toEqual([]);
  });

  test('lists the digest of every artifact, whole', async () => {
    const results = await resultsOf({ seeds: [1], generations: 1 });
    await opened(renderPage(results), async (page) => {
      const shown = new Set(await page.locator('code.digest').allTextContents());
      const refs = results.runs.flatMap((run) => [
        ...Object.values(run.inputs!),
        ...run.generations.flatMap(({ members }) => [
          members.opt.model!,
          members.opt.dataset!,
          members.opt.generated!,
          members.opt.scores!,
        ]),
      ]);
      expect(shown).toEqual(new Set([...refs.map(({ digest }) => digest as string), results.planDigest]));
    });
  });

  test('text that a model or a file controls is shown and does nothing', async () => {
    const hostile = (i: number) => HOSTILE[i % HOSTILE.length];
    const results = await resultsOf(
      { seeds: [1], generations: HOSTILE.length - 1, title: HOSTILE.slice(0, 9).join(' '), hostile: HOSTILE },
      (run) => ({
        ...run,
        status: 'failed',
        failure: hostile(4),
        versions: { [hostile(0)]: hostile(1) },
        inputs: { [hostile(2)]: run.inputs!.test },
      }),
    );
    const rows = Array.from(results.rows, (row) => ({
      ...row,
      metric: `${row.metric}${hostile(4)}`,
      variant: `${row.variant}${hostile(3)}`,
      settings: { [hostile(0)]: hostile(1) },
    }));
    const condition = hostile(1);
    const everything: Results = {
      ...results,
      store: `file:///${hostile(0)}`,
      scores: scoresOf(rows.map((row) => ({ ...row, condition: row.condition === 'replace' ? condition : row.condition }))),
      samples: results.samples.map((sample) => ({
        ...sample,
        condition: sample.condition === 'replace' ? condition : sample.condition,
      })),
    };
    const html = renderPage(everything);
    expect(html).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u0000\u001b\u007f-\u009f]/);
    const complaints = await opened(html, async (page) => {
      await page.locator('details').evaluateAll((all) => all.forEach((details) => details.setAttribute('open', '')));
      await page.mouse.move(300, 300);
      const found = await page.evaluate(() => {
        const document = (globalThis as unknown as { document: { querySelectorAll(s: string): { length: number } } }).document;
        const count = (selector: string) => document.querySelectorAll(selector).length;
        return {
          pwned: 'pwned' in globalThis,
          elements: count(
            'script, img, iframe, object, embed, link, base, form, a, style:not(head > style), meta[http-equiv=refresh]',
          ),
          handlers: count('[onload], [onerror], [onmouseover], [onclick]'),
          styles: count('style'),
        };
      });
      expect(found).toEqual({ pwned: false, elements: 0, handlers: 0, styles: 1 });
      const texts = await page.locator('td .text').allTextContents();
      for (const text of HOSTILE) expect(texts).toContain(visible(clip(text, 1500)));
      expect(await page.locator('h1').textContent()).toBe(visible(results.plan.title!));
    });
    expect(complaints).toEqual([]);
  });

  test('fits a phone: nothing but tables scrolls sideways', async () => {
    const html = renderPage(await resultsOf({ seeds: [1, 2], generations: 9, hostile: HOSTILE }));
    await opened(
      html,
      async (page) => {
        const width = await page.locator('html').evaluate((root) => root.scrollWidth);
        expect(width).toBeLessThanOrEqual(390);
      },
      { width: 390, height: 844 },
    );
  });

  test('the same results give the same bytes, wherever they lie', async () => {
    const page = renderPage(await resultsOf({ seeds: [1], generations: 1 }));
    expect(renderPage(await resultsOf({ seeds: [1], generations: 1 }))).toBe(page);
    expect(page).not.toContain(folder);
  });

  test('says which runs are missing', async () => {
    const results = await resultsOf({ seeds: [1], generations: 2 }, (run) =>
      run.condition === 'replace' ? run : { ...run, status: 'failed', generationsDone: 2, failure: 'the disk is full' },
    );
    const html = renderPage({ ...results, plan: { ...results.plan, seeds: [1, 2] } });
    expect(html).toContain('3 of 4 runs are not finished');
    expect(html).toContain('keep-10/seed-1 is failed after generation 2 of 2: the disk is full');
    expect(html).toContain('replace/seed-2 has not started');
  });

  test('an experiment without scores still has a page', async () => {
    const results = await resultsOf({ seeds: [1], generations: 1 });
    const complaints = await opened(
      renderPage({ ...results, runs: [], scores: [], rows: [], histograms: [], samples: [], pictures: [] }),
      async (page) => {
        expect(await page.locator('.finding h2').textContent()).toBe('No scores yet');
      },
    );
    expect(complaints).toEqual([]);
  });
});
