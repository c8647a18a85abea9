/** "Did you mean": the known word nearest to an unknown one. */

/** Damerau–Levenshtein distance with adjacent transpositions (optimal string alignment), in code units. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? before[j - 2] + 1 : Infinity;
      row.push(Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1), swap));
    }
    before = last;
    last = row;
  }
  return last[b.length];
}

/** The nearest of `known` when it is near enough to be a slip of the finger or another spelling (learning_rate, learningrate). */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const plain = (s: string): string => s.toLowerCase().replace(/[^a-z0-9]/g, '');
  const target = plain(word).slice(0, 100);
  let best: { word: string; distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(target, plain(candidate));
    if (best === undefined || distance < best.distance) best = { word: candidate, distance };
  }
  if (best === undefined) return undefined;
  if (best.distance <= Math.max(1, Math.floor(plain(best.word).length / 3))) return best.word;
  return target.length >= 4 ? known.find((k) => plain(k).startsWith(target) || plain(k).includes(target)) : undefined;
}
