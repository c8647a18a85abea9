/** Time as the store tells it: when something is older than what, its own clock decides, whatever this machine's says. */
import type { ObjectStore } from '../artifacts/types.js';
import { HabsburgError } from '../common/errors.js';

const PROBE = 'names/gc/clock.json';

/** Now, in ms since 1970: the time of an object that was just put. @throws 'invalid' where the store tells no times */
export async function storeTime(objects: ObjectStore): Promise<number> {
  await objects.put(PROBE, { bytes: Buffer.from('{}\n') });
  const now = (await objects.stat(PROBE))?.modified ?? NaN;
  if (Number.isFinite(now)) return now;
  throw new HabsburgError('invalid', `${objects.url} does not say when objects were put; what in it is old cannot be told`);
}
