/**
 * The same string in memory of its own. V8 makes a longer part of a string a view of the whole; one word kept would keep the text
 * around it.
 */
export function ownCopy(part: string): string {
  return part.length < SHORTEST_VIEW ? part : ` ${part}`.slice(1);
}

/** Shorter parts are copied by V8 itself. */
const SHORTEST_VIEW = 13;
