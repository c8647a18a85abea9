/** What others' validators say of exports. Where they cannot be had, their tests are skipped, and a line says why. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from '@jest/globals';
import { findValidators } from '../../scripts/validators.mjs';

const CHECK = fileURLToPath(new URL('./check.py', import.meta.url));

const found = await findValidators();
if (found.without !== undefined) process.stderr.write(`Exports are not shown to others' validators: ${found.without}.\n`);

export const withoutValidators = found.python === undefined;

/** `test` of what a validator says. */
export const validated = withoutValidators ? test.skip : test;

/** Of each folder null, or why a validator refuses it. */
export function verdicts(format: string, folders: readonly string[]): (string | null)[] {
  const { status, stdout, stderr } = spawnSync(found.python!, ['-I', CHECK, format, ...folders], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`check.py ${format}: ${stderr}`);
  return JSON.parse(stdout) as (string | null)[];
}

/** Copies of an export, each with something changed in it, beside it. */
export function changed(folder: string, changes: Readonly<Record<string, (copy: string) => void>>): string[] {
  return Object.entries(changes).map(([name, change]) => {
    const copy = join(`${folder}-changed`, name.replaceAll(' ', '-'), 'export');
    mkdirSync(dirname(copy), { recursive: true });
    cpSync(folder, copy, { recursive: true });
    change(copy);
    return copy;
  });
}
