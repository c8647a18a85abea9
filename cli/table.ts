/** Plain-text tables for terminals: columns aligned, numbers to the right, colour only where a terminal wants it. */
import { displayWidth } from './lines.js';

export type Cell = string | number | boolean | null | undefined;

export interface Column {
  readonly title: string;
  /** right-aligned; default: where every non-empty cell of the column is a number */
  readonly right?: boolean;
  /** digits after the point for numbers; default: integers as they are, others with four significant digits */
  readonly digits?: number;
}

/** Text of one cell: '' for null and undefined, '-' for NaN. */
export function formatCell(cell: Cell, digits?: number): string {
  if (cell === null || cell === undefined) return '';
  if (typeof cell !== 'number') return String(cell);
  if (Number.isNaN(cell)) return '-';
  if (!Number.isFinite(cell)) return cell > 0 ? 'inf' : '-inf';
  if (digits !== undefined) return cell.toFixed(digits);
  if (Number.isInteger(cell)) return String(cell);
  const size = Math.abs(cell);
  return size >= 1e6 || size < 1e-4 ? cell.toExponential(3) : String(Number(cell.toPrecision(size >= 1000 ? 6 : 4)));
}

/**
 * A table as lines: a heading, then one line a row, two spaces between columns and none at line ends.
 * Control characters in cells become spaces, since cells may hold text that a model wrote.
 */
export function table(
  columns: readonly (Column | string)[],
  rows: readonly (readonly Cell[])[],
  options: { color?: boolean } = {},
): string {
  const heads = columns.map((c) => (typeof c === 'string' ? { title: c } : c));
  const texts = rows.map((row) => heads.map((head, i) => clean(formatCell(row[i], head.digits))));
  const right = heads.map((head, i) => head.right ?? isNumeric(rows.map((row) => row[i])));
  const widths = heads.map((head, i) => Math.max(displayWidth(head.title), ...texts.map((row) => displayWidth(row[i]))));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => pad(cell, widths[i], right[i]))
      .join('  ')
      .trimEnd();
  return [style('bold', line(heads.map((h) => h.title)), options.color ?? false), ...texts.map(line)].join('\n');
}

/** Whether to colour what goes to `stream`: NO_COLOR and TERM=dumb say no, FORCE_COLOR says yes, else whether it is a terminal. */
export function wantsColor(stream: { isTTY?: boolean } = process.stdout, env: NodeJS.ProcessEnv = process.env): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '') return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  return env.TERM !== 'dumb' && stream.isTTY === true;
}

const SGR = {
  bold: ['1', '22'],
  dim: ['2', '22'],
  red: ['31', '39'],
  green: ['32', '39'],
  yellow: ['33', '39'],
  cyan: ['36', '39'],
} as const;

/** Text in a style, or as it is without colour. */
export function style(name: keyof typeof SGR, text: string, color: boolean): string {
  const [on, off] = SGR[name];
  return color ? `\u001b[${on}m${text}\u001b[${off}m` : text;
}

function isNumeric(cells: readonly Cell[]): boolean {
  const filled = cells.filter((c) => c !== null && c !== undefined && c !== '');
  return filled.length > 0 && filled.every((c) => typeof c === 'number');
}

function clean(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}

function pad(text: string, width: number, right: boolean): string {
  const fill = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return right ? fill + text : text + fill;
}
