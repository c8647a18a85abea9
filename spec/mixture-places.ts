/** Where the sources of terms stand in an experiment's file, before anything of it is known to be right. Pure. */
import { isSource } from './mixture.js';
import type { Path } from './problems.js';

/** A source that a term reads. */
export interface PlacedSource {
  readonly source: string;
  readonly path: Path;
  /** puts another in its place */
  replace(source: string): void;
}

/** Those of all lists of terms: of members, conditions and phases, and of what these override. */
export function placedSources(document: unknown): PlacedSource[] {
  const { population, conditions } = (document ?? {}) as { population?: unknown; conditions?: unknown };
  return [
    ...each(population).flatMap(({ value, i }) => inMixture(value, ['population', i])),
    ...each(conditions).flatMap(({ value, i }) => [
      ...inCondition(value, ['conditions', i]),
      ...each((value as { phases?: unknown } | null)?.phases).flatMap((phase) =>
        inCondition(phase.value, ['conditions', i, 'phases', phase.i]),
      ),
    ]),
  ];
}

function inCondition(words: unknown, at: Path): PlacedSource[] {
  const override = (words as { override?: unknown } | null)?.override;
  const members = typeof override === 'object' && override !== null ? Object.entries(override) : [];
  return [
    ...inMixture(words, at),
    ...members.flatMap(([name, member]) => inMixture(member as unknown, [...at, 'override', name])),
  ];
}

function inMixture(words: unknown, at: Path): PlacedSource[] {
  const terms = (words as { mixture?: unknown } | null)?.mixture;
  return each(terms).flatMap(({ value: term, i }) => {
    const path = [...at, 'mixture', i, 'from'];
    const from = (term as { from?: unknown } | null)?.from;
    if (typeof from === 'string') return placed(term as Record<string, unknown>, 'from', path);
    return each(from).flatMap((one) => placed(from as Record<string, unknown>, String(one.i), [...path, one.i]));
  });
}

function placed(holder: Record<string, unknown>, key: string, path: Path): PlacedSource[] {
  const source = holder[key];
  if (typeof source !== 'string' || !isSource(source)) return [];
  return [{ source, path, replace: (other) => void (holder[key] = other) }];
}

function each(list: unknown): { readonly value: unknown; readonly i: number }[] {
  return Array.isArray(list) ? list.map((value: unknown, i) => ({ value, i })) : [];
}
