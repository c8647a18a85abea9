/** One prompt continued by every generation, conditions side by side. The texts are whatever a model wrote: shown, never obeyed. */
import { generationTable } from '../generation-table.js';
import { el } from '../html.js';
import type { Child, Markup } from '../html.js';
import type { Results } from '../rows.js';
import { continuations } from '../samples.js';
import type { Continuations } from '../samples.js';
import type { Summary } from '../summary.js';
import { clip, shorten } from '../text.js';

/** Characters of a continuation, and of a prompt, that are shown. */
const TEXT_LIMIT = 1500;
const PROMPT_LIMIT = 600;
/** Tables besides the first. */
const MORE = 24;

export function textsSection(results: Results, summary: Summary): Child {
  const [first, ...rest] = continuations(results);
  if (first === undefined) return undefined;
  const color = (label: string) =>
    `s${
      Math.max(
        0,
        summary.series.findIndex((series) => series.label === label),
      ) % 8
    }`;
  const left = rest.length - MORE;
  return el(
    'section',
    {},
    el(
      'h2',
      {},
      first.prompt === '' ? 'What every generation wrote, without a prompt' : 'One prompt, continued by every generation',
    ),
    el('p', { class: 'caption' }, `Seed ${first.seed}. Control and direction characters are shown as symbols.`),
    first.prompt !== '' && el('blockquote', { class: 'text', dir: 'auto' }, clip(first.prompt, PROMPT_LIMIT)),
    textsTable(first, color),
    rest
      .slice(0, MORE)
      .map((more) =>
        el(
          'details',
          {},
          el('summary', {}, `Seed ${more.seed}: ${more.prompt === '' ? 'another text' : shorten(more.prompt, 100)}`),
          more.prompt !== '' && el('blockquote', { class: 'text', dir: 'auto' }, clip(more.prompt, PROMPT_LIMIT)),
          textsTable(more, color),
        ),
      ),
    left > 0 && el('p', { class: 'caption' }, `${left} more of them are in the scores artifacts.`),
  );
}

function textsTable({ generations, columns }: Continuations, color: (label: string) => string): Markup {
  const heads = columns.map(({ label }) => ({ label, color: color(label) }));
  return generationTable(generations, heads, (generation) => cells(generation, columns, color));
}

/** A cell a condition; one cell where they all wrote the same, as they do while they share a model. */
function cells(generation: number, columns: Continuations['columns'], color: (label: string) => string): Child {
  const texts = columns.map((column) => column.texts.get(generation));
  const shown = (text: string | undefined) =>
    text === undefined ? '–' : el('p', { class: 'text', dir: 'auto' }, clip(text, TEXT_LIMIT));
  if (columns.length > 1 && texts[0] !== undefined && texts.every((text) => text === texts[0])) {
    return el(
      'td',
      { colspan: columns.length },
      el('span', { class: 'same' }, 'the same under every condition'),
      shown(texts[0]),
    );
  }
  return columns.map(({ label }, i) => el('td', { class: color(label), 'data-label': label }, shown(texts[i])));
}
