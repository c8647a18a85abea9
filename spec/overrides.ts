/** What a condition and its phases may change, in every kind of experiment. */
import type { Path, Problem } from './problems.js';
import { nearest } from './suggest.js';

type Override = Readonly<Record<string, object>>;

/** What the document says from a generation on. */
interface PhaseDocument {
  readonly from: number;
  readonly mixture?: unknown;
  readonly override?: Override | undefined;
}

/** What a member is: it stays. */
const IDENTITY = ['name', 'family'];

/** A member that a condition or a phase may change. */
export interface Changed {
  readonly name: string;
  /** what its models are made of, or what is true: two conditions may differ in it, generations of one cannot */
  readonly stays: readonly string[];
}

/**
 * @param override by member
 * @param place path of the condition, or of its phase
 */
export function checkOverrides(override: Override | undefined, members: readonly Changed[], place: Path): Problem[] {
  return overrideProblems(override, members, place, 'condition');
}

/** @param condition path of the condition */
export function checkPhases(
  phases: readonly PhaseDocument[] | undefined,
  members: readonly Changed[],
  condition: Path,
): Problem[] {
  return (phases ?? []).flatMap(({ from, mixture, override }, i): Problem[] => {
    const path = [...condition, 'phases', i];
    const before = phases![i - 1]?.from;
    const problems = overrideProblems(override, members, path, 'phase');
    for (const [member, settings] of Object.entries(override ?? {}))
      if (Object.hasOwn(settings, 'generation0'))
        problems.push({
          path: [...path, 'override', member, 'generation0'],
          atKey: true,
          message: 'has no effect, because a phase begins after generation 0',
          suggestion: 'remove it',
        });
    if (before !== undefined && from <= before)
      problems.push({
        path: [...path, 'from'],
        message: `the phase before begins at generation ${before} already`,
        suggestion: 'put phases in the order of their generations',
      });
    if (mixture === undefined && Object.values(override ?? {}).every((settings) => Object.keys(settings).length === 0))
      problems.push({ path, message: 'changes nothing', suggestion: 'give it mixture or override, or remove it' });
    return problems;
  });
}

function overrideProblems(
  override: Override | undefined,
  members: readonly Changed[],
  place: Path,
  what: 'condition' | 'phase',
): Problem[] {
  const problems: Problem[] = [];
  for (const [member, settings] of Object.entries(override ?? {})) {
    const path = [...place, 'override', member];
    const names = members.map(({ name }) => name);
    const { stays = [] } = members.find(({ name }) => name === member) ?? {};
    if (!names.includes(member)) {
      const guess = nearest(member, names);
      problems.push({
        path,
        atKey: true,
        message: `there is no member "${member}"`,
        suggestion: guess === undefined ? `members: ${names.join(', ')}` : `did you mean "${guess}"?`,
      });
    }
    const fixed = what === 'phase' ? [...IDENTITY, ...stays] : IDENTITY;
    for (const key of fixed.filter((k) => Object.hasOwn(settings, k))) {
      problems.push({
        path: [...path, key],
        atKey: true,
        message: `a ${what} cannot change a member's ${key}`,
        suggestion: stays.includes(key) ? 'remove it, or make it a condition of its own' : 'remove it',
      });
    }
  }
  return problems;
}
