/** Figures of distributions, generation by generation, a panel per condition: what the models write, seen by model 0. */
import { LATENT_STD, SEQUENCE_PERPLEXITY } from '../../spec/results.js';
import { poolSeeds } from '../histograms.js';
import { el } from '../html.js';
import type { Child } from '../html.js';
import type { Results } from '../rows.js';
import type { Summary } from '../summary.js';
import { occupiedDomain, ridgesPanel, type RidgeWords } from '../svg/ridges.js';

interface HistogramFigure extends RidgeWords {
  /** of the histogram in the scores */
  readonly name: string;
  readonly heading: string;
  readonly caption: string;
  /** what collapse does to it */
  readonly reading: string;
}

const FIGURES: readonly HistogramFigure[] = [
  {
    name: SEQUENCE_PERPLEXITY,
    heading: 'What the models write, seen by model 0',
    caption:
      'Perplexity, under the model trained on real text, of each sequence that generation t wrote (left panel of figure 1 in Shumailov et al., Nature 2024).',
    reading:
      'Collapse moves the mass to the left, toward what the first model finds likely; a longer right tail shows as a growing share above the first generation’s 99th percentile.',
    title: 'Perplexity under model 0 of what each generation wrote',
    axis: 'perplexity of a sequence under model 0',
  },
  {
    name: LATENT_STD,
    heading: 'What the models write, seen by the first encoder',
    caption:
      'The numbers of the codes that the encoder of generation 0 gives the images that generation t wrote (the figure of latents in Shumailov et al., “The curse of recursion”, 2023).',
    reading: 'Collapse draws the mass together around 0: the variety of what is written shrinks from its tails.',
    title: 'Codes, by the encoder of generation 0, of what each generation wrote',
    axis: 'number of a code, by the encoder of generation 0',
  },
];

export function histogramSections(results: Results, summary: Summary): Child {
  return FIGURES.map((figure) => histogramSection(results, summary, figure));
}

function histogramSection(results: Results, summary: Summary, figure: HistogramFigure): Child {
  const panels = summary.series
    .map((series, index) => ({
      label: series.label,
      index,
      rows: poolSeeds(
        results.histograms.filter(
          (h) => h.name === figure.name && h.condition === series.condition && h.member === series.member,
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
    el('h2', {}, figure.heading),
    el(
      'p',
      { class: 'caption' },
      `${figure.caption} Each row is one generation${pooled > 1 ? `, ${pooled} seeds pooled` : ''}, scaled to its own highest bin; the dashed outline repeats the first generation, the tick marks the median. `,
      figure.reading,
    ),
    el(
      'div',
      { class: 'ridges' },
      panels.map(({ label, index, rows }) =>
        el('figure', {}, ridgesPanel(`${figure.name}-${index}`, label, index, rows, domain, figure)),
      ),
    ),
  );
}
