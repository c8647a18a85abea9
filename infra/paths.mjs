// Where things lie: the checkout, and the cache folder for built tools. Plain JS: it runs before anything is installed.
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The checkout's root folder, found upwards from this file: it runs both from infra/ and, compiled, from dist/infra/.
 * @returns {string}
 */
export function repositoryRoot() {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).name === 'habsburg') return folder;
    const parent = dirname(folder);
    if (parent === folder) throw new Error('internal: no package.json of habsburg above infra/');
    folder = parent;
  }
}

/**
 * Folder for what is built or downloaded once per machine: HABSBURG_CACHE, else XDG_CACHE_HOME/habsburg, else ~/.cache/habsburg.
 * @param {NodeJS.ProcessEnv} env
 * @returns {string}
 */
export function cacheFolder(env) {
  if (env.HABSBURG_CACHE) return resolve(env.HABSBURG_CACHE);
  if (env.XDG_CACHE_HOME) return join(resolve(env.XDG_CACHE_HOME), 'habsburg');
  return join(env.HOME || homedir(), '.cache', 'habsburg');
}
