/** Score rows as JSON lines and CSV, for pandas and spreadsheets. */
import type { ScoreRow } from '../evaluations/types.js';

const COLUMNS = [
  'experiment',
  'run',
  'condition',
  'seed',
  'member',
  'generation',
  'metric',
  'variant',
  'version',
  'value',
  'n',
  'settings',
  'subject',
] as const satisfies readonly (keyof ScoreRow)[];

/** One JSON object a line, keys in a fixed order. */
export function* jsonLines(rows: Iterable<ScoreRow>): Iterable<string> {
  for (const row of rows) yield `${JSON.stringify(Object.fromEntries(COLUMNS.map((column) => [column, row[column]])))}\n`;
}

/** A header and one line a row (RFC 4180 quoting, LF line ends); `settings` is JSON. */
export function* csvLines(rows: Iterable<ScoreRow>): Iterable<string> {
  yield `${COLUMNS.join(',')}\n`;
  for (const row of rows) {
    yield `${COLUMNS.map((column) => {
      const value = row[column];
      return typeof value === 'number' ? String(value) : csvText(typeof value === 'string' ? value : JSON.stringify(value));
    }).join(',')}\n`;
  }
}

/** A text field. One that a spreadsheet would take for a formula gets a leading apostrophe (OWASP, "CSV injection"). */
export function csvText(text: string): string {
  const safe = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Characters that are written at a time, at least. */
const PIECE = 1 << 16;

/** The same text in larger pieces: a write for each of a million lines would take most of the time. */
export function* inPieces(lines: Iterable<string>): Iterable<string> {
  let piece = '';
  for (const line of lines) {
    piece += line;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

/** One JSON object on one line, whose last key is `rows`. */
export function* jsonDocument(head: object, rows: Iterable<ScoreRow>): Iterable<string> {
  yield `${JSON.stringify({ ...head, rows: [] }).slice(0, -2)}`;
  let first = true;
  for (const row of rows) {
    yield `${first ? '' : ','}${JSON.stringify(row)}`;
    first = false;
  }
  yield ']}\n';
}
