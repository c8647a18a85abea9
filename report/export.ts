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
function csvText(text: string): string {
  const safe = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
