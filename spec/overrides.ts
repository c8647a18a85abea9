/** What a condition's `override` may name, in every kind of experiment. */
import type { Path, Problem } from './problems.js';
import { nearest } from './suggest.js';

/**
 * @param override by member
 * @param members names of the population
 * @param condition path of the condition
 */
export function checkOverrides(
  override: Readonly<Record<string, object>> | undefined,
  members: readonly string[],
  condition: Path,
): Problem[] {
  const problems: Problem[] = [];
  for (const [member, settings] of Object.entries(override ?? {})) {
    const path = [...condition, 'override', member];
    if (!members.includes(member)) {
      const guess = nearest(member, members);
      problems.push({
        path,
        atKey: true,
        message: `there is no member "${member}"`,
        suggestion: guess === undefined ? `members: ${members.join(', ')}` : `did you mean "${guess}"?`,
      });
    }
    for (const key of ['name', 'family'].filter((k) => Object.hasOwn(settings, k))) {
      problems.push({
        path: [...path, key],
        atKey: true,
        message: `a condition cannot change a member's ${key}`,
        suggestion: 'remove it',
      });
    }
  }
  return problems;
}
