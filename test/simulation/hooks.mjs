/**
 * Loads the rooms' sources as they are, from TypeScript, with the platform's modules replaced by simulated ones where they wait, count
 * time or throw dice. A fault is put back by a change of the source text on its way (faults.mjs).
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';

const ROOT = new URL('../../', import.meta.url).href;
const SDK = new URL('./sdk/', import.meta.url).href;
/** by the room that asks: what it gets in place of a module */
const INSTEAD = {
  workflows: { '@temporalio/workflow': 'workflow.ts' },
  activities: {
    '@temporalio/activity': 'activity.ts',
    'node:fs/promises': 'files.ts',
    'node:fs': 'streams.ts',
    'node:timers/promises': 'timers.ts',
    'node:crypto': 'crypto.ts',
  },
};
INSTEAD.artifacts = INSTEAD.activities;

let fault;
export function initialize(data) {
  fault = data.fault;
}

export async function resolve(specifier, context, next) {
  const from = context.parentURL?.startsWith(ROOT) ? context.parentURL.slice(ROOT.length) : undefined;
  if (from !== undefined && !from.startsWith('node_modules/')) {
    const file = INSTEAD[from.split('/')[0]]?.[specifier];
    if (file) return { url: SDK + file, shortCircuit: true };
    if (specifier.startsWith('.') && specifier.endsWith('.js')) {
      const url = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL).href;
      if (existsSync(fileURLToPath(url))) return { url, shortCircuit: true };
    }
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!url.startsWith(ROOT) || !url.endsWith('.ts')) return next(url, context);
  let text = await readFile(fileURLToPath(url), 'utf8');
  for (const { file, from, to } of fault?.changes ?? []) {
    if (url !== ROOT + file) continue;
    if (text.split(from).length !== 2) throw new Error(`${file} does not hold ${from} once`);
    text = text.replace(from, () => to);
  }
  const { code } = await transform(text, {
    filename: fileURLToPath(url),
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    module: { type: 'es6' },
    sourceMaps: 'inline',
  });
  return { format: 'module', source: code, shortCircuit: true };
}
