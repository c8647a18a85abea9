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

/** e.g. `0.1.0+1a2b3c4d`, with `.dirty` where tracked files differ from the commit. */
export function codeVersion(): string {
  if (known) return known;
  const root = packageRoot();
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', root, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  let commit = '';
  if (existsSync(join(root, '.git'))) {
    try {
      commit = `+${git('rev-parse', '--short=12', 'HEAD')}${git('status', '--porcelain', '--untracked-files=no') ? '.dirty' : ''}`;
    } catch {
      // no git on this machine, or a folder git refuses: the version alone
    }
  }
  return (known = version + commit);
}
