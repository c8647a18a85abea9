// mkdir -p that ends. Node's own tries for ever where a folder is there and the system says of what is to be made in it that there is
// no such folder: /proc, and file systems that are answered by a program. Plain JS: set-up uses it, before anything is installed.
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * @param {string} path
 * @param {number} [mode] of every folder that is made
 * @throws {NodeJS.ErrnoException} the system's; EROFS where nothing can be made
 */
export function makeFolder(path, mode = 0o777) {
  const missing = [resolve(path)];
  while (missing.length > 0) {
    const folder = missing[missing.length - 1];
    const problem = tryToMake(folder, mode);
    if (problem === undefined) missing.pop();
    else if (problem.code !== 'ENOENT') throw problem;
    else if (!existsSync(dirname(folder))) missing.push(dirname(folder));
    // another process may just have made it
    else if (tryToMake(folder, mode)?.code === 'ENOENT' && existsSync(dirname(folder)))
      throw Object.assign(new Error(`EROFS: nothing can be made in ${dirname(folder)}`), { code: 'EROFS', path: folder });
  }
}

/**
 * @param {string} folder
 * @param {number} mode
 * @returns {NodeJS.ErrnoException | undefined}
 */
function tryToMake(folder, mode) {
  try {
    mkdirSync(folder, { mode });
  } catch (thrown) {
    const error = /** @type {NodeJS.ErrnoException} */ (thrown);
    if (error.code !== 'ENOENT' && statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return undefined;
    return error;
  }
  return undefined;
}
