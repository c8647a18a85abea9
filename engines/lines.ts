/** Lines of a stream that nobody vouches for: one without an end costs no more memory than a line may have. */

/** No honest line comes near it: a report is small numbers. */
export const LONGEST_LINE = 4 * 1024 * 1024;

/**
 * Cuts chunks into lines.
 * @param onLine each line, without its newline
 * @param onOverflow called once when a line is longer than `longest` bytes; nothing is read after that
 * @returns what takes the chunks
 */
export function lineSplitter(
  onLine: (line: string) => void,
  onOverflow: () => void,
  longest = LONGEST_LINE,
): (chunk: Buffer) => void {
  let held: Buffer[] = [];
  let size = 0;
  let over = false;
  return (chunk) => {
    let from = 0;
    while (!over) {
      const end = chunk.indexOf(0x0a, from);
      const piece = chunk.subarray(from, end < 0 ? undefined : end);
      size += piece.length;
      if (size > longest) {
        over = true;
        held = [];
        onOverflow();
      } else if (end < 0) {
        if (piece.length > 0) held.push(piece);
        return;
      } else {
        const line = Buffer.concat([...held, piece]).toString('utf8');
        held = [];
        size = 0;
        from = end + 1;
        onLine(line);
      }
    }
  };
}
