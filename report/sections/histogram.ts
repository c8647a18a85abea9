/** The figure of sequence perplexities under model 0, generation by generation, a panel per condition. */
import { SEQUENCE_PERPLEXITY } from '../../spec/results.js';
import { poolSeeds } from '../histograms.js';
import { el } from '../html.js';
import type { Child } from '../html.js';
import type { Results } from '../rows.js';
import type { Summary } from '../summary.js';
import { occupiedDomain, ridgesPanel } from '../svg/ridges.js';

export function histogramSection(results: Results, summary: Summary): Child {
  const panels = summary.series
    .map((series, index) => ({
      label: series.label,
      index,
      rows: poolSeeds(
        results.histograms.filter(
          (h) => h.name === SEQUENCE_PERPLEXITY && h.condition === series.condition && h.member === series.member,
        ),
      ).filter((row) => row.counts.some((count) => count > 0)),
    }))
    .filter(({ rows }) => rows.length > 0);
  if (panels.length === 0) return undefined;
  const domain = occupiedDomain(panels.flatMap(({ rows }) => rows));
  const pooled = Math.max(...panels.flatMap(({ rows }) => rows.map((row) => row.seeds)));
  return el(
    'section',
    {},
    el('h2', {}, 'What the models write, seen by model 0'),
    el(
      'p',
      { class: 'caption' },
      'Perplexity, under the model trained on real text, of each sequence that generation t wrote (left panel of figure 1 in Shumailov et al., Nature 2024). ',
      `Each row is one generation${pooled > 1 ? `, ${pooled} seeds pooled` : ''}, scaled to its own highest bin; the dashed outline repeats the first generation, the tick marks the median. `,
      'Collapse moves the mass to the left, toward what the first model finds likely; a longer right tail shows as a growing share above the first generation’s 99th percentile.',
    ),
    el(
      'div',
      { class: 'ridges' },
      panels.map(({ label, index, rows }) => el('figure', {}, ridgesPanel(`h${index}`, label, index, rows, domain))),
    ),
  );
}
