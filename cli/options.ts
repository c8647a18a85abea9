/** Option parsers that several commands share. */

/** commander's way to make an option repeatable: `--set a=1 --set b=2` gives both, in order. */
export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}
