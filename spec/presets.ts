/** The experiments that come with Habsburg: experiments/<name>/experiment.yaml. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../common/version.js';

export const EXPERIMENT_FILE = 'experiment.yaml';

/** The folder of presets: beside package.json, from the sources and from dist/ alike. */
export function presetsFolder(): string {
  return path.join(packageRoot(), 'experiments');
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
