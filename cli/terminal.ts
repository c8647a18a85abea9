/**
 * What the command line writes for people passes here: titles, file names, messages and what models wrote can hold control
 * characters, which must not clear a screen, rename a window or reverse a line. They are shown instead (report/text.ts).
 */
import { visible } from '../report/text.js';
import { wantsColor } from './table.js';

/** The codes of `style`, which are ours. */
const STYLE = /(\u001b\[(?:1|2|22|31|32|33|36|39)m)/;

/** Text fit for a terminal; `styled` lets colours of ours through. */
export function printable(text: string, styled: boolean): string {
  if (!styled) return visible(text);
  return text
    .split(STYLE)
    .map((part, i) => (i % 2 === 1 ? part : visible(part)))
    .join('');
}

type Stream = NodeJS.WriteStream | (NodeJS.WritableStream & { isTTY?: boolean });
const guarded = new Map<Stream, Stream['write']>();

/** Makes everything that is written to a stream printable, until the returned function is called. */
export function guardTerminal(stream: Stream): () => void {
  const write = stream.write.bind(stream) as Stream['write'];
  const original = stream.write;
  guarded.set(stream, write);
  stream.write = ((chunk: unknown, ...rest: []) =>
    write((typeof chunk === 'string' ? printable(chunk, wantsColor(stream)) : chunk) as string, ...rest)) as Stream['write'];
  return () => {
    stream.write = original;
    guarded.delete(stream);
  };
}

/** Moves the cursor or erases lines, which only our own progress display may do. */
export function control(stream: Stream, sequence: string): void {
  (guarded.get(stream) ?? stream.write.bind(stream))(sequence);
}

/** Output for programs is left as it is: JSON and CSV say every character. */
export function isForPrograms(argv: readonly string[]): boolean {
  return argv.some((word) => word === '--json' || word === '--format' || word.startsWith('--format='));
}
