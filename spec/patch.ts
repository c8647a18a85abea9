/** What an override makes of a member's words. Pure. */
import type { Path } from './problems.js';

export interface Patched {
  readonly words: unknown;
  /** of nulls that there was nothing for to remove */
  readonly nothing: readonly Path[];
}

/**
 * As RFC 7396 (JSON merge patch) has it: mappings merge, null removes, all else replaces. Beside it, a mapping of another `kind` replaces the one
 * that it stands over, and a null stays where the setting has a meaning for it.
 * @param keepsNull whether it has, by the setting's path
 */
export function patched(under: unknown, over: unknown, keepsNull: (path: Path) => boolean, path: Path = []): Patched {
  if (!isMapping(under) || !isMapping(over) || (over.kind !== undefined && under.kind !== over.kind))
    return { words: over, nothing: [] };
  const merged = new Map(Object.entries(under));
  const nothing: Path[] = [];
  for (const [key, value] of Object.entries(over)) {
    const at = [...path, key];
    if (value === null && !keepsNull(at)) {
      if (under[key] === undefined) nothing.push(at);
      merged.delete(key);
      continue;
    }
    const inner = patched(under[key], value, keepsNull, at);
    merged.set(key, inner.words);
    nothing.push(...inner.nothing);
  }
  return { words: Object.fromEntries(merged), nothing };
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
