/** The first images that every generation wrote, conditions side by side. */
import { generationTable } from '../generation-table.js';
import { el } from '../html.js';
import type { Child, Markup } from '../html.js';
import { greyPng } from '../png.js';
import type { Results } from '../rows.js';
import type { Place } from '../scores.js';
import type { Pictures } from '../../evaluations/types.js';
import { groupBy } from '../summary.js';
import type { Summary } from '../summary.js';

/** Images in a row of a mosaic, and the dark pixels between them. */
const COLUMNS = 10;
const GAP = 2;

export function picturesSection(results: Results, summary: Summary): Child {
  const bySeed = [...groupBy(results.pictures, ({ seed }) => seed)].sort(([a], [b]) => a - b);
  if (bySeed.length === 0) return undefined;
  const [[seed, first], ...rest] = bySeed;
  return el(
    'section',
    {},
    el('h2', {}, 'The first images of every generation'),
    el(
      'p',
      { class: 'caption' },
      `Seed ${seed}. Each image is drawn anew: places in the rows have nothing to do with each other.`,
    ),
    picturesTable(first, summary),
    rest.map(([other, pictures]) => el('details', {}, el('summary', {}, `Seed ${other}`), picturesTable(pictures, summary))),
  );
}

function picturesTable(pictures: readonly (Pictures & Place)[], summary: Summary): Markup {
  const generations = [...new Set(pictures.map(({ generation }) => generation))].sort((a, b) => a - b);
  const columns = summary.series.map(({ label, condition, member }, index) => ({
    label,
    color: `s${index % 8}`,
    at: new Map(pictures.filter((p) => p.condition === condition && p.member === member).map((p) => [p.generation, p] as const)),
  }));
  const shown = columns.filter(({ at }) => at.size > 0);
  return generationTable(generations, shown, (generation) =>
    shown.map(({ label, color, at }) => {
      const found = at.get(generation);
      return el('td', { class: color, 'data-label': label }, found === undefined ? '–' : mosaic(found, label));
    }),
  );
}

/** Images side by side in one PNG. */
function mosaic({ count, height, width, pixels, generation, seed }: Pictures & Place, label: string): Markup {
  const bytes = Buffer.from(pixels, 'base64');
  const across = Math.min(count, COLUMNS);
  const down = Math.ceil(count / COLUMNS);
  const total = { width: across * (width + GAP) - GAP, height: down * (height + GAP) - GAP };
  const canvas = new Uint8Array(total.width * total.height);
  for (let i = 0; i < count; i++) {
    const corner = Math.floor(i / COLUMNS) * (height + GAP) * total.width + (i % COLUMNS) * (width + GAP);
    for (let y = 0; y < height; y++)
      canvas.set(bytes.subarray((i * height + y) * width, (i * height + y + 1) * width), corner + y * total.width);
  }
  return el('img', {
    src: `data:image/png;base64,${greyPng(total.width, total.height, canvas).toString('base64')}`,
    alt: `${count} images that generation ${generation} wrote, ${label}, seed ${seed}`,
    width: total.width,
    height: total.height,
  });
}
