/** One self-contained HTML page for an experiment: no script, no network, readable from disk; the same results give the same bytes. */
import { createHash } from 'node:crypto';
import { settingTables } from './by-setting.js';
import { judgeClaims } from './claims.js';
import { describePlan, reached } from './describe.js';
import { findings } from './finding.js';
import { el, render } from './html.js';
import type { Markup } from './html.js';
import { expand } from '../spec/expand.js';
import { honestBands } from './honest.js';
import { checkedLaws } from './laws.js';
import type { Results } from './rows.js';
import { settingSection } from './sections/by-setting.js';
import { claimsSection } from './sections/claims.js';
import { curveFigures } from './sections/curves.js';
import { histogramSections } from './sections/histogram.js';
import { honestSection } from './sections/honest.js';
import { lawsSection } from './sections/laws.js';
import { picturesSection } from './sections/pictures.js';
import { provenanceSections } from './sections/provenance.js';
import { removedSection } from './sections/removed.js';
import { tablesSection } from './sections/tables.js';
import { testsSection } from './sections/tests.js';
import { textsSection } from './sections/texts.js';
import { STYLE } from './style.js';
import { summarise } from './summary.js';

/** The page as text. Generated text in it is inert: everything is escaped, and the policy admits no script and no request. */
export function renderPage(results: Results): string {
  const summary = summarise(results);
  const { plan } = results;
  const title = plan.title ?? plan.name;
  const finding = findings(summary, plan);
  const laws = checkedLaws(results, summary);
  const honest = honestBands(results, summary);
  const figures = curveFigures(summary, plan, laws, honest);
  const body = el(
    'main',
    {},
    el(
      'header',
      {},
      el('p', { class: 'eyebrow' }, `Habsburg experiment ${plan.name}`),
      el('h1', {}, title),
      el('p', { class: 'lead' }, describePlan(plan)),
    ),
    el(
      'section',
      { class: 'finding' },
      el('div', {}, el('h2', {}, finding.headline), finding.sentences.map((sentence) => el('p', {}, sentence))), // prettier-ignore
      figures.lead,
    ),
    unfinished(results),
    claimsSection(judgeClaims(results, results.claims)),
    lawsSection(laws),
    honestSection(honest),
    settingSection(settingTables(results, summary)),
    figures.rest,
    histogramSections(results, summary),
    picturesSection(results, summary),
    textsSection(results, summary),
    tablesSection(summary),
    testsSection(results, summary),
    removedSection(results),
    provenanceSections(results, summary),
    el(
      'footer',
      {},
      el('p', {}, 'Every score row behind this page: ', el('code', {}, `habsburg results ${plan.name} --format csv`), '.'),
    ),
  );
  // The page's own pictures are inside it; a page without any may not even show those.
  const images = results.pictures.length > 0 ? ' img-src data:;' : '';
  const policy = `default-src 'none';${images} style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`;
  return [
    '<!doctype html>\n<html lang="en">\n<head>\n',
    render(el('meta', { charset: 'utf-8' })),
    render(el('meta', { 'http-equiv': 'Content-Security-Policy', content: policy })),
    render(el('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' })),
    render(el('meta', { name: 'referrer', content: 'no-referrer' })),
    render(el('title', {}, `${title} – Habsburg report`)),
    `<style>${STYLE}</style>\n</head>\n<body>\n`,
    render(body),
    '\n</body>\n</html>\n',
  ].join('');
}

/** Says which runs are missing from the figures, if any are. */
function unfinished({ plan, runs }: Results): Markup | undefined {
  const expected = expand(plan);
  const lines = expected.flatMap(({ id }) => {
    const run = runs.find((r) => r.run === id);
    if (run === undefined) return [`${id} has not started`];
    if (run.status === 'done') return [];
    return [`${id} is ${run.status} after ${reached(run, plan)}${run.failure ? `: ${run.failure}` : ''}`];
  });
  if (lines.length === 0) return undefined;
  const said = `${lines.length} of ${expected.length} runs ${lines.length === 1 ? 'is' : 'are'} not finished; what they have so far is included.`;
  return el(
    'aside',
    { class: 'notice' },
    said,
    el(
      'ul',
      {},
      lines.map((line) => el('li', {}, line)),
    ),
  );
}
