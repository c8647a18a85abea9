/** Local sources of an experiment that was recorded without the folders of its machine, found again by name and content. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { HabsburgError } from '../common/errors.js';
import { recordedSource } from '../spec/digest.js';
import { renameSources } from '../spec/sources.js';
import { digestOfSource } from './identify.js';

/**
 * A recorded document with `file:PATH` in the places of `file:NAME@sha256:…`.
 * @param folder absolute; where they lie
 * @param experiment for sentences
 * @throws 'notFound' or 'invalid' naming the one that is not there, or holds something else
 */
export async function withSources<T>(document: T, folder: string, experiment: string): Promise<T> {
  const bases = new Set(basesIn(document));
  const names = new Map<string, string>();
  for (const source of sourcesIn(document)) {
    const { name, digest } = recordedSource(source)!;
    const found = `file:${join(folder, name)}`;
    if (!existsSync(join(folder, name)))
      throw new HabsburgError(
        'notFound',
        `${experiment} read ${name}, which is not in ${folder}; --data FOLDER names the folder that it is in`,
      );
    const holds = await digestOfSource(found, bases.has(source) ? 'checkpoint' : 'data');
    if (holds !== digest)
      throw new HabsburgError(
        'invalid',
        `${join(folder, name)} is not the ${name} that ${experiment} read (${holds.slice(0, 19)}, not ${digest.slice(0, 19)}); --data FOLDER names the folder that has it`,
      );
    names.set(source, found);
  }
  return renameSources(document, names);
}

/** Those that are base checkpoints, wherever a member stands. */
function basesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => (key === 'base' ? sourcesIn(inner) : basesIn(inner)));
}

/** Each recorded local source in plain data once. */
function sourcesIn(value: unknown): string[] {
  if (typeof value === 'string') return recordedSource(value) ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return [...new Set(Object.values(value).flatMap(sourcesIn))];
}
