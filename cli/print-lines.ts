/** Writes to stdout at the reader's pace; a reader that has seen enough (`| head`) is no error. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { inPieces } from '../report/export.js';

/** @throws the reason of `signal`, as soon as it is aborted */
export async function printLines(lines: Iterable<string> | AsyncIterable<string>, signal?: AbortSignal): Promise<void> {
  const pieces = Symbol.asyncIterator in lines ? lines : answering(inPieces(lines));
  try {
    await pipeline(Readable.from(pieces), process.stdout, { end: false, signal });
  } catch (error) {
    signal?.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}

/** Lets signals in between two pieces: a fast reader takes the next one without a turn of the event loop. */
async function* answering(pieces: Iterable<string>): AsyncIterable<string> {
  for (const piece of pieces) {
    yield piece;
    await new Promise((turn) => setImmediate(turn));
  }
}
