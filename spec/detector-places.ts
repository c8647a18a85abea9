/** Where detectors that operators are given stand in an experiment's file, before anything of it is known to be right. Pure. */
import type { PlacedSource } from './mixture-places.js';
import type { Path } from './problems.js';

/** The settings under which lists of operators stand. */
const LISTS = ['postprocess', 'through'];

export interface PlacedDetector extends PlacedSource {
  /** what the file says of its label */
  readonly label: unknown;
}

/** Those of all lists of operators: of members, terms, conditions and phases, and of what these override. */
export function placedDetectors(document: unknown): PlacedDetector[] {
  return walk(document, [], false);
}

function walk(value: unknown, path: Path, inList: boolean): PlacedDetector[] {
  if (Array.isArray(value)) return value.flatMap((one: unknown, i) => walk(one, [...path, i], inList));
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.entries(holder).flatMap(([key, inner]) => {
    if (!inList || key !== 'detector' || typeof inner !== 'string')
      return walk(inner, [...path, key], inList || LISTS.includes(key));
    return [{ source: inner, path: [...path, key], label: holder.label, replace: (other: string) => void (holder[key] = other) }];
  });
}
