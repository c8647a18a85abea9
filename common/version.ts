/** Which Habsburg this is: the package's version and, in a checkout, its commit. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

let known: string | undefined;

/** The folder that holds package.json. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('internal: package.json not found above the code');
    folder = parent;
  }
  return folder;
}

/** e.g. `0.1.0` */
export function release(): string {
  return (JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }).version;
}

interface Checkout {
  readonly commit?: string;
  readonly modified?: boolean;
}

/** The commit of a checkout, and whether tracked files differ from it; nothing where there is none, or no git. */
export function checkout(): Checkout {
  const root = packageRoot();
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', root, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  if (!existsSync(join(root, '.git'))) return {};
  try {
    return { commit: git('rev-parse', 'HEAD'), modified: git('status', '--porcelain', '--untracked-files=no') !== '' };
  } catch {
    return {}; // no git on this machine, or a folder git refuses
  }
}

/** e.g. `0.1.0+1a2b3c4d5e6f`, with `.dirty` where tracked files differ from the commit. */
export function codeVersion(): string {
  return (known ??= versionName({ version: release(), ...checkout() }));
}

export function versionName({ version, commit, modified }: Checkout & { readonly version: string }): string {
  return commit === undefined ? version : `${version}+${commit.slice(0, 12)}${modified ? '.dirty' : ''}`;
}
