/** n-grams of token records. An n-gram never crosses a record. */

type Tokens = readonly number[];

/** The first `limit` tokens of all records in order, the last record cut; all of them for limit 0. */
export function firstTokens(records: readonly Tokens[], limit: number): Tokens[] {
  if (limit === 0) return [...records];
  const taken: Tokens[] = [];
  let left = limit;
  for (const record of records) {
    if (left === 0) break;
    taken.push(record.length <= left ? record : record.slice(0, left));
    left -= Math.min(left, record.length);
  }
  return taken;
}

/** Adds a record's n-grams to `seen`; returns how many there were, repeats included: max(0, length - n + 1). */
export function addNgrams(seen: Set<string>, record: Tokens, n: number): number {
  const total = Math.max(0, record.length - n + 1);
  for (let i = 0; i < total; i++) {
    let key = String(record[i]);
    for (let j = 1; j < n; j++) key += `,${record[i + j]}`;
    seen.add(key);
  }
  return total;
}

/** Number of tokens of all records. */
export function tokenCount(records: readonly Tokens[]): number {
  return records.reduce((sum, record) => sum + record.length, 0);
}
