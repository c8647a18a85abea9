/** What runs: a digest of the built files and of the list of packages, the same wherever they lie and whatever commit they are from. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { sha256, type Digest } from './canonical.js';
import { checkout, packageRoot, release } from './version.js';

/**
 * What is hashed: the command, everything that the compiler made, what the package is and which packages it runs with. Not source maps,
 * nor the bundle of dist/workflows, which is made of them and names folders of its machine.
 */
const ROOTS = ['bin', 'dist', 'package-lock.json', 'package.json'];
const PROGRAM = /\.(js|mjs|cjs|json|node|wasm)$/;
const MADE_FROM_OTHERS = new Set(['dist/workflow-bundle.cjs']);

export interface RunningCode {
  readonly version: string;
  readonly digest: Digest;
  readonly commit?: string;
  readonly modified?: boolean;
}

let known: RunningCode | undefined;

/** Computed once, at the process's start, before a build beside it may change the files. */
export function runningCode(): RunningCode {
  return (known ??= { version: release(), digest: digestOfCode(packageRoot()), ...checkout() });
}

/**
 * SHA-256 of what `sha256sum` prints of the files, in the order of their paths.
 * @param root that holds bin/, dist/, package.json and package-lock.json, as far as they are there
 */
export function digestOfCode(root: string): Digest {
  const list = createHash('sha256');
  const paths = ROOTS.flatMap((path) => (existsSync(join(root, path)) ? filesUnder(root, path) : []));
  for (const path of paths.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
    list.update(`${sha256(readFileSync(join(root, path))).slice('sha256:'.length)}  ${path}\n`);
  return `sha256:${list.digest('hex')}`;
}

function filesUnder(root: string, path: string): string[] {
  if (PROGRAM.test(path)) return MADE_FROM_OTHERS.has(path) ? [] : [path];
  return readdirSync(join(root, path), { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith('.')) return [];
    const inner = `${path}/${entry.name}`;
    if (entry.isDirectory()) return filesUnder(root, inner);
    return PROGRAM.test(entry.name) && !MADE_FROM_OTHERS.has(inner) ? [inner] : [];
  });
}
