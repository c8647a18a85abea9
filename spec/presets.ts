/** The experiments that come with Habsburg: experiments/<name>/experiment.yaml. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { HabsburgError } from '../common/errors.js';

export const EXPERIMENT_FILE = 'experiment.yaml';

/** The folder of presets: beside package.json, from the sources and from dist/ alike. */
export function presetsFolder(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(folder, 'package.json'))) {
    const parent = path.dirname(folder);
    if (parent === folder)
      throw new HabsburgError('failed', 'internal: no package.json above the program, so its presets cannot be found');
    folder = parent;
  }
  return path.join(folder, 'experiments');
}

/** Names of all presets, in order. */
export function presetNames(): string[] {
  const folder = presetsFolder();
  return readdirSync(folder)
    .filter((name) => existsSync(path.join(folder, name, EXPERIMENT_FILE)))
    .sort();
}

/** Path of a preset's file, or undefined where no preset has that name. */
export function presetFile(name: string): string | undefined {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(name)) return undefined;
  const file = path.join(presetsFolder(), name, EXPERIMENT_FILE);
  return existsSync(file) ? file : undefined;
}
