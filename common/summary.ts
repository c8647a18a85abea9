/**
 * One line about a step or a workflow, for Temporal's UI: `finetune · student · generation 3`. Everybody who reaches the server reads
 * it, also where all else is sealed (workers/sealed-payloads.ts): names and numbers stand in it, as in search attributes, and no paths.
 */
const DOT = ' · ';
/** Characters; a server may refuse a line of more than 400 bytes, what is around it included. */
const MOST = 100;

/** @param about empty parts are left out */
export function summary(what: string, ...about: readonly [string, ...string[]]): string {
  const line = [what, ...about].filter((part) => part !== '').join(DOT);
  return line.length <= MOST ? line : `${line.slice(0, MOST - 1)}…`;
}

/** What can be told from other values that travel by being a text of that form, and short. */
export function isSummary(value: unknown): boolean {
  return typeof value === 'string' && value.includes(DOT) && value.length <= MOST;
}
