/** What settings of several operators have in common. */

type Limits = readonly [number | undefined, number | undefined];

/** For a refinement by hasLimits; told where nothing else is wrong. */
export const LIMITS = {
  error: 'needs a lower or an upper limit, and the upper one not below the lower one',
  when: ({ issues }: { readonly issues: readonly unknown[] }) => issues.length === 0,
};

/** Whether there is a limit at all, and none contradicts its other. */
export function hasLimits(...all: readonly Limits[]): boolean {
  return (
    all.some(([min, max]) => min !== undefined || max !== undefined) &&
    all.every(([min = -Infinity, max = Infinity]) => min <= max)
  );
}
