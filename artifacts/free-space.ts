/** Room on a disk, asked before work that would be thrown away where there is none. */
import { statfs } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { HabsburgError } from '../common/errors.js';

const VARIABLE = 'HABSBURG_MIN_FREE';
const DEFAULT = '256MB';
const UNITS: Readonly<Record<string, number>> = { MB: 1e6, GB: 1e9, TB: 1e12 };

/**
 * Whether the volumes of folders have room left: HABSBURG_MIN_FREE bytes (500MB, 20GB, 1TB; default 256MB; 0: not asked).
 * A volume that cannot be asked is taken to have it.
 * @param places folders or urls; of those that are no file: urls nothing is known
 * @throws 'resources' with the place and how much it has; 'invalid' for a variable that says no size
 */
export async function assertRoom(places: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const wanted = env[VARIABLE] || DEFAULT;
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(MB|GB|TB)$/.exec(wanted === '0' ? '0MB' : wanted) ?? [];
  if (unit === undefined) throw new HabsburgError('invalid', `${VARIABLE} is ${wanted}; write a size as 500MB, 20GB or 0`);
  const bytes = Number(amount) * UNITS[unit];
  if (bytes === 0) return;
  for (const place of places) {
    if (/^[a-z0-9]+:/.test(place) && !place.startsWith('file:')) continue;
    const folder = place.startsWith('file:') ? fileURLToPath(place) : place;
    const found = await statfs(folder).catch(() => undefined);
    const free = found && found.bavail * found.bsize;
    if (free === undefined || free >= bytes) continue;
    throw new HabsburgError(
      'resources',
      `${folder} has ${Math.floor(free / 1e6)} MB free, less than the ${wanted} that a step begins with (${VARIABLE}); free some space, as with habsburg store gc, and run again, finished steps are kept`,
    );
  }
}
